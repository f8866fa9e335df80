//! Certificate authorities and certificates: root and intermediate authorities as Istio's guide makes them with openssl,
//! the `cacerts` files, leaf certificates, and what is needed to look at them and to trust them.
//!
//! The guide's shape (`tools/certs` of an Istio release): root `O=Istio, CN=Root CA`, intermediate `O=Istio,
//! CN=Intermediate CA, L=<cluster>` with the DNS name `istiod.istio-system.svc` and no authority beneath it, both for
//! 3650 days. Keys are ECDSA P-256 unless asked otherwise; the guide's are RSA 4096, which istiod treats alike.

mod authority;
mod cacerts;
mod error;
mod inspect;
mod issue;
mod key;
mod leaf;
mod options;
mod pem;
mod store;
mod verify;

pub use authority::{Authority, intermediate, load, load_files, root};
pub use cacerts::{CaCerts, cacerts};
pub use error::Error;
pub use inspect::{Inspection, inspect};
pub use leaf::{Leaf, certificate};
pub use options::{AuthorityOptions, CertificateOptions, KeyType, Usage};
pub use store::{cacerts_in, ensure_cacerts, ensure_root, root_in};
pub use verify::{Verified, verify};

//! Releases of Istio and MetalLB: found, fetched, checked by digest, cached.
//!
//! A release is looked for in the folder of unpacked releases that the user named, then in the cache, and is only then
//! downloaded. The cache has the layout of such a folder, so that it can be carried to a machine without network. What
//! is downloaded becomes visible under its name when it is whole and its digest is right, and not before; many callers
//! and processes at once download once.

mod archive;
mod cache;
mod digest;
mod download;
mod error;
mod fetch;
mod istio;
mod metallb;
mod sources;

pub use digest::Sha256Digest;
pub use download::{client, shown};
pub use error::Error;
pub use fetch::{Fetch, Fetched, fetch};
pub use istio::istio;
pub use metallb::{Manifest, Variant, metallb};
pub use sources::Sources;

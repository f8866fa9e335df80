//! Remote clusters: the account by which a control plane reads another cluster, the secret that tells it how, and putting that
//! where it belongs.

mod attach;
mod kubeconfig;
mod reader;
mod secret;
mod server;

pub use attach::{Known, add, list, remove};
pub use reader::{READER, create_reader, has_reader};
pub use secret::{Options, RemoteSecret, cluster_name, remote_secret};
pub use server::{check_server, is_loopback};

/// The label of the secrets that istiod reads.
pub const LABEL: &str = "istio/multiCluster";
/// The annotation with the cluster's name.
pub const ANNOTATION: &str = "networking.istio.io/cluster";

//! Clusters as kind makes them, on a Docker engine: decided in `plan` (pure), done in `apply`.
//!
//! What it makes is what kind v0.19.0 makes, so that the `kind` command lists, uses and deletes it, and the other way round: the same
//! labels, names, network, files on the nodes and keys in kubeconfigs.

mod apply;
mod cluster;
pub mod config;
mod delete;
mod error;
mod kubeconfig;
mod load;
mod logs;
mod plan;
mod power;

pub use apply::MARKS;
pub use apply::{
    clean::clean_up,
    create::{Created, create, create_unless},
};
pub use cluster::{Cluster, Node, clusters, get, nodes};
pub use config::{Config, Document, Options};
pub use delete::delete;
pub use error::Error;
pub use kubeconfig::{key, kubeconfig};
pub use load::{images_of_node, load_archive, load_images};
pub use logs::export_logs;
pub use power::{start, stop};

/// Something that cannot be; told instead of hidden.
pub(crate) fn bug(error: meshrun_terms::Invalid) -> Error {
    Error::Invalid { problems: vec![error.to_string()] }
}

//! Clusters as kind makes them, on a Docker engine: decided in `plan` (pure), done in `apply`.
//!
//! What it makes is what kind v0.19.0 makes, so that the `kind` command lists, uses and deletes it, and the other way round: the same
//! labels, names, network, files on the nodes and keys in kubeconfigs.

pub mod config;
mod error;
mod plan;

pub use config::{Config, Document, Options};
pub use error::Error;

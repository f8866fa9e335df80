//! What is to be done, as data: names, containers, networks, configuration files. No I/O.

pub(crate) mod container;
pub(crate) mod containerd;
pub(crate) mod haproxy;
pub(crate) mod kubeadm;
pub(crate) mod manifest;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod patch;
pub(crate) mod shape;
pub(crate) mod subnets;
pub(crate) mod version;

/// The port of the API server in nodes and load balancers.
pub(crate) const API_PORT: u16 = 6443;

//! What a simulation starts from when it does not start empty: what real peers have, in their own words.

use std::collections::BTreeMap;

use serde_json::Value;

/// The state of real peers at one moment.
#[derive(Debug, Default)]
pub struct Start {
    /// What the Docker engine has; an empty engine when none was read.
    pub engine: Option<EngineStart>,
    /// The clusters that were read.
    pub clusters: Vec<ClusterStart>,
    /// Clusters that are there and could not be read.
    pub unread: Vec<Unread>,
}

/// What a Docker engine has, each as its API tells it when it is inspected.
#[derive(Debug, Default)]
pub struct EngineStart {
    /// The networks.
    pub networks: Vec<Value>,
    /// The images.
    pub images: Vec<Value>,
    /// The volumes.
    pub volumes: Vec<Value>,
    /// The containers, the oldest first.
    pub containers: Vec<ContainerStart>,
}

/// A container.
#[derive(Debug, Default)]
pub struct ContainerStart {
    /// As it is inspected.
    pub told: Value,
    /// Files that it has and that matter, by their paths.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The images that containerd has in a node: names with the digests of their configuration.
    pub images: BTreeMap<String, String>,
}

/// A cluster of Kubernetes.
#[derive(Debug, Default)]
pub struct ClusterStart {
    /// Its name in the simulation; of a cluster of kind its own.
    pub name: String,
    /// The version of its API server: `v1.27.3`.
    pub version: String,
    /// The URLs at which its API server is reached: `https://127.0.0.1:34567`.
    pub servers: Vec<String>,
    /// Its objects, as its API server tells them.
    pub objects: Vec<Value>,
    /// Group and kind of objects that were left out.
    pub left_out: Vec<(String, String)>,
}

/// A cluster that could not be read: nothing is known of it but that it is there.
#[derive(Debug, Clone, Default)]
pub struct Unread {
    /// Its name in the simulation.
    pub name: String,
    /// The URLs at which its API server would be reached.
    pub servers: Vec<String>,
    /// Why it could not be read.
    pub reason: String,
}

/// Host and port of the URL of a server.
pub(crate) fn host_and_port(server: &str) -> Option<(String, u16)> {
    let rest = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://"))?;
    let rest = rest.split('/').next()?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?), // a port that is none leads nowhere
        _ => (rest, 443),
    };
    Some((host.trim_matches(['[', ']']).to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_host_and_a_port() {
        assert_eq!(host_and_port("https://127.0.0.1:34567"), Some(("127.0.0.1".into(), 34567)));
        assert_eq!(host_and_port("https://[fc00::2]:6443/"), Some(("fc00::2".into(), 6443)));
        assert_eq!(host_and_port("https://api.example.com"), Some(("api.example.com".into(), 443)));
        assert_eq!(host_and_port("api.example.com"), None);
    }
}

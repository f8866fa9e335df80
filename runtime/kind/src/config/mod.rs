//! A cluster as it shall be.

mod check;
mod document;
mod options;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use meshrun_docker::Protocol;
use meshrun_terms::{ClusterName, Image, Port};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

pub use options::{Document, Options};

/// The node image of kind v0.19.0.
pub const DEFAULT_IMAGE: &str =
    "kindest/node:v1.27.1@sha256:b7d12ed662b873bd8510879c1846e87c7e676a79fefc93e17b2a52989d3ff42b";
/// The network that all clusters share, unless another one is asked for.
pub const DEFAULT_NETWORK: &str = "kind";

/// A cluster as it shall be, with every default in place. Made by [`Options::config`].
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The cluster's name.
    pub name: ClusterName,
    /// The Docker network that the nodes are on.
    pub network: String,
    /// The nodes, in order.
    pub nodes: Vec<Node>,
    /// Addresses and the way of packets.
    pub networking: Networking,
    /// Feature gates of all components.
    pub feature_gates: BTreeMap<String, bool>,
    /// `--runtime-config` of the API server.
    pub runtime_config: BTreeMap<String, String>,
    /// Patches of kubeadm's configuration on all nodes.
    pub patches: Patches,
    /// Merge patches of containerd's configuration, in TOML.
    pub containerd_patches: Vec<String>,
    /// JSON patches of containerd's configuration.
    pub containerd_json_patches: Vec<String>,
    /// Which endpoints containerd asks for the images of a registry, by the registry's host.
    pub registry_mirrors: BTreeMap<String, Vec<String>>,
    /// The proxy that the nodes use.
    pub proxy: Proxy,
    /// containerd's snapshotter, `KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER`.
    pub snapshotter: Option<String>,
    /// Who gives each node its part of the pod subnet.
    pub node_subnets: NodeSubnets,
    /// Keep what was made when the creation fails.
    pub retain: bool,
    /// A folder of this machine for locks: creations of the same cluster take turns. No locks when it is left out.
    pub locks: Option<PathBuf>,
}

impl Config {
    /// The nodes of a role, in order.
    pub fn nodes_of(&self, role: Role) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.role == role)
    }

    /// How many nodes have this role.
    pub fn count(&self, role: Role) -> usize {
        self.nodes_of(role).count()
    }

    /// Whether a load balancer stands before the control planes: when there is more than one.
    pub fn has_load_balancer(&self) -> bool {
        self.count(Role::ControlPlane) > 1
    }
}

/// A node as it shall be.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it does.
    pub role: Role,
    /// Its image.
    pub image: Image,
    /// Labels of the Kubernetes node.
    pub labels: BTreeMap<String, String>,
    /// Folders and files of the host.
    pub mounts: Vec<ExtraMount>,
    /// Ports that the host publishes.
    pub ports: Vec<PortMapping>,
    /// Patches of kubeadm's configuration on this node.
    pub patches: Patches,
}

impl Node {
    /// A node with nothing special.
    pub fn new(role: Role, image: Image) -> Self {
        let (labels, mounts, ports, patches) = Default::default();
        Self { role, image, labels, mounts, ports, patches }
    }
}

/// What a container does in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs etcd, the API server and the controllers.
    #[default]
    ControlPlane,
    /// Runs pods.
    Worker,
    /// Stands before several control planes; no Kubernetes node.
    #[serde(rename = "external-load-balancer")]
    LoadBalancer,
}

impl Role {
    /// The word in kind's label and in the names of containers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
            Self::LoadBalancer => "external-load-balancer",
        }
    }

    /// The role that a label's word stands for.
    pub fn of_label(word: &str) -> Option<Self> {
        [Self::ControlPlane, Self::Worker, Self::LoadBalancer].into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Addresses and the way of packets.
#[derive(Debug, Clone, PartialEq)]
pub struct Networking {
    /// Which addresses pods and services have.
    pub ip_family: IpFamily,
    /// The subnet of the pods; two, separated by a comma, for both families.
    pub pod_subnet: String,
    /// The subnet of the services; two, separated by a comma, for both families.
    pub service_subnet: String,
    /// The address of the host that the API server is published at; none lets the engine's place decide.
    pub api_server_address: Option<IpAddr>,
    /// The port of the host that the API server is published at.
    pub api_server_port: HostPort,
    /// Leave out kind's pod network; nodes are not ready until another one is installed.
    pub disable_default_cni: bool,
    /// How services are made to work.
    pub kube_proxy_mode: KubeProxyMode,
    /// Search domains of the nodes; none takes the host's.
    pub dns_search: Option<Vec<String>>,
}

impl Networking {
    /// The loopback address of the family.
    pub(crate) fn loopback(&self) -> IpAddr {
        match self.ip_family {
            IpFamily::Ipv6 => Ipv6Addr::LOCALHOST.into(),
            _ => Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// The address that stands for all of the host's.
    pub(crate) fn everywhere(&self) -> IpAddr {
        match self.ip_family {
            IpFamily::Ipv6 => Ipv6Addr::UNSPECIFIED.into(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        }
    }
}

/// Which addresses pods and services have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum IpFamily {
    /// IPv4 only.
    #[default]
    Ipv4,
    /// IPv6 only.
    Ipv6,
    /// Both.
    Dual,
}

/// How services are made to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum KubeProxyMode {
    /// Rules of iptables.
    #[default]
    Iptables,
    /// The kernel's IPVS.
    Ipvs,
    /// Rules of nftables, for Kubernetes 1.31 and later.
    Nftables,
    /// No kube-proxy: something else takes its place.
    None,
}

/// Who gives each node its part of the pod subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeSubnets {
    /// The creation itself, so that nobody waits for the controller, which sleeps for ten seconds before its first look and keeps
    /// other controllers waiting meanwhile. A node that is added by hand later gets none.
    #[default]
    Planned,
    /// The controller manager, as in kind.
    Controller,
}

/// A port of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostPort {
    /// A free one, chosen before the container is made, so that it stays the same when the container starts again. Written 0.
    #[default]
    Free,
    /// One that the engine chooses at every start. Written -1.
    Engine,
    /// This one.
    Fixed(Port),
}

impl HostPort {
    /// The number as kind writes it.
    pub fn number(self) -> i64 {
        match self {
            Self::Free => 0,
            Self::Engine => -1,
            Self::Fixed(port) => port.get().into(),
        }
    }
}

impl Serialize for HostPort {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

impl<'de> Deserialize<'de> for HostPort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i64::deserialize(deserializer)? {
            0 => Ok(Self::Free),
            -1 => Ok(Self::Engine),
            number => Port::new(number)
                .map(Self::Fixed)
                .map_err(|_| de::Error::custom(format!("expected a port number from -1 to 65535, found `{number}`"))),
        }
    }
}

impl JsonSchema for HostPort {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HostPort".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": -1, "maximum": 65535 })
    }
}

/// A port of a node that the host publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortMapping {
    /// The port in the node.
    pub container_port: Port,
    /// The port of the host: 0 for a free one that stays the same, -1 for one that changes with every start.
    #[serde(default)]
    pub host_port: HostPort,
    /// The address of the host to listen on; all of them when it is left out.
    #[serde(default)]
    pub listen_address: Option<IpAddr>,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// A folder or file of the host in a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraMount {
    /// The path on the host; a folder that does not exist is made.
    pub host_path: String,
    /// The path in the node.
    pub container_path: String,
    /// Whether the node may only read it.
    #[serde(default)]
    pub read_only: bool,
    /// Give it the label that SELinux wants.
    #[serde(default)]
    pub selinux_relabel: bool,
    /// Whether mounts below it are seen on the other side.
    #[serde(default)]
    pub propagation: Propagation,
}

/// Whether mounts below a mount are seen on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Propagation {
    /// They are not.
    #[default]
    None,
    /// Those of the host are seen in the node.
    HostToContainer,
    /// Both ways.
    Bidirectional,
}

/// Patches of kubeadm's configuration, applied in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Patches {
    /// Merge patches (RFC 7386), YAML documents that name the `kind` they are for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merge: Vec<String>,
    /// JSON patches (RFC 6902).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<JsonPatch>,
}

impl Patches {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.merge.is_empty() && self.json.is_empty()
    }
}

/// A JSON patch (RFC 6902) of one of kubeadm's documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonPatch {
    /// The group of the document's API version: `kubeadm.k8s.io`.
    #[serde(default)]
    pub group: String,
    /// The version: `v1beta3`.
    #[serde(default)]
    pub version: String,
    /// The document's kind: `ClusterConfiguration`.
    pub kind: String,
    /// The operations, in YAML or JSON.
    pub patch: String,
}

/// The proxy of the surroundings, as the variables of that name have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxy {
    /// `HTTP_PROXY`.
    pub http: Option<String>,
    /// `HTTPS_PROXY`.
    pub https: Option<String>,
    /// `NO_PROXY`.
    pub none: Option<String>,
}

impl Proxy {
    /// What a lookup of variables tells: the upper-case spelling wins, empty ones count as unset.
    pub fn from_variables<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let either = |name: &str| {
            let found = variable(name).filter(|value| !value.is_empty());
            found.or_else(|| variable(&name.to_lowercase()).filter(|value| !value.is_empty())).map(str::to_owned)
        };
        Self { http: either("HTTP_PROXY"), https: either("HTTPS_PROXY"), none: either("NO_PROXY") }
    }

    /// Whether any of the three is set.
    pub fn is_set(&self) -> bool {
        self.http.is_some() || self.https.is_some() || self.none.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_variables_win_and_empty_ones_are_unset() {
        let variables = [("HTTP_PROXY", ""), ("http_proxy", "a"), ("NO_PROXY", "b"), ("no_proxy", "c")];
        let proxy = Proxy::from_variables(|name| variables.iter().find(|one| one.0 == name).map(|one| one.1));
        assert_eq!(proxy, Proxy { http: Some("a".into()), https: None, none: Some("b".into()) });
        assert!(proxy.is_set() && !Proxy::default().is_set());
    }

    #[test]
    fn a_host_port_is_written_as_kind_writes_it() {
        let read = |text: &str| serde_json::from_str::<HostPort>(text);
        assert_eq!(read("0").unwrap(), HostPort::Free);
        assert_eq!(read("-1").unwrap(), HostPort::Engine);
        assert_eq!(read("80").unwrap().number(), 80);
        for bad in ["-2", "65536"] {
            assert!(read(bad).unwrap_err().to_string().contains("from -1 to 65535"), "{bad}");
        }
    }
}

//! What a caller may say about a cluster; everything has a default.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use meshrun_terms::{ClusterName, Image};

use super::{
    Config, DEFAULT_IMAGE, DEFAULT_NETWORK, ExtraMount, HostPort, IpFamily, JsonPatch, KubeProxyMode, Networking, Node,
    NodeSubnets, Patches, PortMapping, Proxy, Role, check, document,
};
use crate::Error;

/// A configuration file of kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its text.
    pub text: String,
    /// Its name, for errors.
    pub file: Option<String>,
}

/// What a caller may say about a cluster. What is said here goes before what the document says; lists are added to the
/// document's.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The cluster's name; the document's, or `kind`, when it is left out.
    pub name: Option<ClusterName>,
    /// A configuration file of kind.
    pub document: Option<Document>,
    /// The image of every node.
    pub image: Option<Image>,
    /// How many control planes; not together with the document's `nodes`. 1 when it is left out.
    pub control_planes: Option<u32>,
    /// How many workers; not together with the document's `nodes`. None when it is left out.
    pub workers: Option<u32>,
    /// The Docker network; `kind` when it is left out.
    pub network: Option<String>,
    /// Which addresses pods and services have.
    pub ip_family: Option<IpFamily>,
    /// The subnet of the pods.
    pub pod_subnet: Option<String>,
    /// The subnet of the services.
    pub service_subnet: Option<String>,
    /// The address of the host that the API server is published at.
    pub api_server_address: Option<IpAddr>,
    /// The port of the host that the API server is published at.
    pub api_server_port: Option<HostPort>,
    /// Leave out kind's pod network.
    pub disable_default_cni: Option<bool>,
    /// How services are made to work.
    pub kube_proxy_mode: Option<KubeProxyMode>,
    /// Search domains of the nodes.
    pub dns_search: Option<Vec<String>>,
    /// Ports of the first control plane that the host publishes.
    pub port_mappings: Vec<PortMapping>,
    /// Folders and files of the host in every node.
    pub mounts: Vec<ExtraMount>,
    /// Labels of every Kubernetes node.
    pub labels: BTreeMap<String, String>,
    /// Merge patches of kubeadm's configuration.
    pub kubeadm_patches: Vec<String>,
    /// JSON patches of kubeadm's configuration.
    pub kubeadm_json_patches: Vec<JsonPatch>,
    /// Merge patches of containerd's configuration.
    pub containerd_patches: Vec<String>,
    /// Feature gates of all components.
    pub feature_gates: BTreeMap<String, bool>,
    /// `--runtime-config` of the API server.
    pub runtime_config: BTreeMap<String, String>,
    /// Which endpoints containerd asks for the images of a registry, by the registry's host.
    pub registry_mirrors: BTreeMap<String, Vec<String>>,
    /// The proxy that the nodes use.
    pub proxy: Proxy,
    /// containerd's snapshotter.
    pub snapshotter: Option<String>,
    /// Who gives each node its part of the pod subnet.
    pub node_subnets: NodeSubnets,
    /// Keep what was made when the creation fails.
    pub retain: bool,
    /// The folder from which relative host paths of mounts are taken.
    pub directory: PathBuf,
    /// A folder for locks.
    pub locks: Option<PathBuf>,
}

impl Options {
    /// The whole configuration: document, options and defaults put together and checked.
    ///
    /// # Errors
    /// `kind::config_syntax`, `kind::config_version`; `kind::config_invalid` with every rule that is broken.
    pub fn config(self) -> Result<Config, Error> {
        let document = match &self.document {
            Some(document) => document::read(&document.text, document.file.as_deref())?,
            None => document::Cluster::default(),
        };
        let mut problems = Vec::new();
        let nodes = nodes(&self, &document, &mut problems);
        let config = merged(self, document, nodes).map_err(crate::bug)?;
        problems.extend(check::problems(&config));
        if problems.is_empty() { Ok(config) } else { Err(Error::Invalid { problems }) }
    }
}

/// The role and image of every node, in order, without what the document says of them.
fn nodes(options: &Options, document: &document::Cluster, problems: &mut Vec<String>) -> Vec<(Role, Option<Image>)> {
    let counted = options.control_planes.is_some() || options.workers.is_some();
    if counted && !document.nodes.is_empty() {
        problems.push(
            "`control_planes` and `workers` cannot be given beside a configuration that lists `nodes`".to_owned(),
        );
    }
    if !document.nodes.is_empty() {
        return document.nodes.iter().map(|node| (node.role, node.image.clone())).collect();
    }
    let of = |role, count: u32| (0..count).map(move |_| (role, None));
    of(Role::ControlPlane, options.control_planes.unwrap_or(1))
        .chain(of(Role::Worker, options.workers.unwrap_or(0)))
        .collect()
}

fn merged(
    options: Options,
    document: document::Cluster,
    roles: Vec<(Role, Option<Image>)>,
) -> Result<Config, meshrun_terms::Invalid> {
    let (default_image, default_name): (Image, ClusterName) = (DEFAULT_IMAGE.parse()?, "kind".parse()?);
    let networking = networking(&options, document.networking);
    let image = |own: Option<Image>| options.image.clone().or(own).unwrap_or_else(|| default_image.clone());
    let mut nodes: Vec<Node> = roles.into_iter().map(|(role, own)| Node::new(role, image(own))).collect();
    for (node, said) in nodes.iter_mut().zip(document.nodes) {
        node.labels = said.labels;
        node.mounts = said.extra_mounts.into_iter().map(ExtraMount::from).collect();
        node.ports = said.extra_port_mappings.into_iter().map(PortMapping::from).collect();
        node.patches = Patches { merge: said.kubeadm_config_patches, json: said.kubeadm_json_patches };
    }
    for node in &mut nodes {
        node.labels.extend(options.labels.clone());
        node.mounts.extend(options.mounts.clone());
        node.mounts.iter_mut().for_each(|mount| mount.host_path = absolute(&options.directory, &mount.host_path));
    }
    if let Some(first) = nodes.iter_mut().find(|node| node.role == Role::ControlPlane) {
        first.ports.extend(options.port_mappings);
    }
    Ok(Config {
        name: options.name.or(document.name).unwrap_or(default_name),
        network: options.network.unwrap_or_else(|| DEFAULT_NETWORK.to_owned()),
        nodes,
        networking,
        feature_gates: document.feature_gates.into_iter().chain(options.feature_gates).collect(),
        runtime_config: document.runtime_config.into_iter().chain(options.runtime_config).collect(),
        patches: Patches {
            merge: joined(document.kubeadm_config_patches, options.kubeadm_patches),
            json: joined(document.kubeadm_json_patches, options.kubeadm_json_patches),
        },
        containerd_patches: joined(document.containerd_config_patches, options.containerd_patches),
        containerd_json_patches: document.containerd_json_patches,
        registry_mirrors: options.registry_mirrors,
        proxy: options.proxy,
        snapshotter: options.snapshotter,
        node_subnets: options.node_subnets,
        retain: options.retain,
        locks: options.locks,
    })
}

fn joined<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}

fn absolute(directory: &std::path::Path, path: &str) -> String {
    if path.is_empty() || path.starts_with('/') {
        return path.to_owned();
    }
    directory.join(path).to_string_lossy().into_owned()
}

fn networking(options: &Options, said: document::Networking) -> Networking {
    let ip_family = options.ip_family.or(said.ip_family).unwrap_or_default();
    let (pods, services) = match ip_family {
        IpFamily::Ipv4 => ("10.244.0.0/16", "10.96.0.0/16"),
        IpFamily::Ipv6 => ("fd00:10:244::/56", "fd00:10:96::/112"),
        IpFamily::Dual => ("10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/16,fd00:10:96::/112"),
    };
    let or = |option: &Option<String>, said: Option<String>, default: &str| {
        option.clone().or(said).unwrap_or_else(|| default.to_owned())
    };
    Networking {
        ip_family,
        pod_subnet: or(&options.pod_subnet, said.pod_subnet, pods),
        service_subnet: or(&options.service_subnet, said.service_subnet, services),
        api_server_address: options.api_server_address.or(said.api_server_address),
        api_server_port: options.api_server_port.unwrap_or(said.api_server_port),
        disable_default_cni: options.disable_default_cni.unwrap_or(said.disable_default_cni),
        kube_proxy_mode: options.kube_proxy_mode.or(said.kube_proxy_mode).unwrap_or_default(),
        dns_search: options.dns_search.clone().or(said.dns_search),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Options {
        let text = format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{text}");
        Options { document: Some(Document { text, file: None }), ..Options::default() }
    }

    #[test]
    fn without_a_word_it_is_the_cluster_that_kind_makes() {
        let config = Options::default().config().unwrap();
        assert_eq!((config.name.as_str(), config.network.as_str()), ("kind", "kind"));
        assert_eq!(config.nodes, [Node::new(Role::ControlPlane, DEFAULT_IMAGE.parse().unwrap())]);
        let expected = Networking {
            ip_family: IpFamily::Ipv4,
            pod_subnet: "10.244.0.0/16".into(),
            service_subnet: "10.96.0.0/16".into(),
            api_server_address: None,
            api_server_port: HostPort::Free,
            disable_default_cni: false,
            kube_proxy_mode: KubeProxyMode::Iptables,
            dns_search: None,
        };
        assert_eq!(config.networking, expected);
    }

    #[test]
    fn options_go_before_the_document_and_lists_are_added() {
        let document = "name: a\nnodes:\n- role: control-plane\n  image: x:1\n  extraMounts: [{hostPath: d, containerPath: /d}]\n- role: worker\n\
            networking: {podSubnet: 10.1.0.0/16, dnsSearch: []}\nfeatureGates: {A: true, B: true}\nkubeadmConfigPatches: ['kind: A']\n";
        let options = Options {
            name: Some("b".parse().unwrap()),
            image: Some("y:2".parse().unwrap()),
            feature_gates: BTreeMap::from([("B".into(), false)]),
            kubeadm_patches: vec!["kind: B".into()],
            directory: "/here".into(),
            ..kind(document)
        };
        let config = options.config().unwrap();
        assert_eq!(config.name.as_str(), "b");
        assert!(config.nodes.iter().all(|node| node.image.as_str() == "y:2"));
        assert_eq!(config.nodes[0].mounts[0].host_path, "/here/d");
        assert_eq!(config.nodes[1].role, Role::Worker);
        assert_eq!(config.networking.pod_subnet, "10.1.0.0/16");
        assert_eq!(config.networking.dns_search, Some(vec![]));
        assert_eq!(config.feature_gates, BTreeMap::from([("A".into(), true), ("B".into(), false)]));
        assert_eq!(config.patches.merge, ["kind: A", "kind: B"]);
    }

    #[test]
    fn nodes_are_counted_or_listed() {
        let counted = Options { control_planes: Some(3), workers: Some(2), ..Options::default() }.config().unwrap();
        assert_eq!((counted.count(Role::ControlPlane), counted.count(Role::Worker)), (3, 2));
        assert!(counted.has_load_balancer());
        let both = Options { workers: Some(1), ..kind("nodes: [{role: control-plane}]\n") };
        assert!(both.config().unwrap_err().to_string().contains("beside a configuration that lists `nodes`"));
    }
}

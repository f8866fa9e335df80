//! The configuration that kubeadm reads on every node.

use std::{collections::BTreeMap, net::IpAddr};

use meshrun_terms::Cidr;
use serde_json::{Map, Value, json};

use super::{API_PORT, names, patch, version::Version};
use crate::{
    Error,
    config::{Config, IpFamily, KubeProxyMode, Node, Role},
};

/// Where the configuration is kept on nodes.
pub const PATH: &str = "/kind/kubeadm.conf";
/// The token with which nodes join; it is known to all the world, and the API server is on the host's loopback.
const TOKEN: &str = "abcdef.0123456789abcdef";
const CRI_SOCKET: &str = "unix:///run/containerd/containerd.sock";

/// What the configuration of a node depends on besides that of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The node's name.
    pub name: String,
    /// The Kubernetes version of its image.
    pub version: Version,
    /// Its addresses in the network, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// Whether the engine runs without root.
    pub rootless: bool,
    /// Whether the machine has control groups of version 1.
    pub cgroup_v1: bool,
    /// The address at which the host publishes the API server, and more names for its certificate.
    pub api_names: Vec<String>,
}

/// A node's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The text of the file.
    pub text: String,
    /// Patches that fit no document.
    pub unused_patches: Vec<String>,
    /// Whether the controller manager leaves the nodes' parts of the pod subnet to us.
    pub plans_subnets: bool,
}

/// Write the configuration of a node, with the patches of the cluster and then those of the node.
///
/// # Errors
/// `kind::bad_patch`; `kind::unfit_engine` when the node lacks an address of the wanted family.
pub fn render(config: &Config, node: &Node, facts: &Facts, plan_subnets: bool) -> Result<Rendered, Error> {
    let addresses = node_addresses(config, facts)?;
    let writer = Writer { config, node, facts, addresses: &addresses };
    let mut documents = writer.documents();
    let mut unused = patch::apply(&mut documents, &config.patches)?;
    unused.extend(patch::apply(&mut documents, &node.patches)?);
    let plans_subnets = plan_subnets && leave_subnets_to_us(&mut documents, config);
    documents.iter_mut().for_each(without_name);
    let text = meshrun_yaml::to_string_all(&documents);
    Ok(Rendered { text, unused_patches: unused, plans_subnets })
}

/// The node's addresses in the order of the service subnets' families, which is the cluster's order.
fn node_addresses(config: &Config, facts: &Facts) -> Result<Vec<IpAddr>, Error> {
    let of = |v4: bool| facts.addresses.iter().copied().find(|address| address.is_ipv4() == v4);
    let missing = |family: &str| Error::UnfitEngine {
        reason: format!("node `{}` got no {family} address in network `{}`", facts.name, config.network),
        help: "use a network that has subnets of this family, or another `ip_family`",
    };
    let v4 = || of(true).ok_or_else(|| missing("IPv4"));
    let v6 = || of(false).ok_or_else(|| missing("IPv6"));
    Ok(match config.networking.ip_family {
        IpFamily::Ipv4 => vec![v4()?],
        IpFamily::Ipv6 => vec![v6()?],
        IpFamily::Dual => {
            let first = config.networking.service_subnet.split(',').next().unwrap_or_default().trim();
            match first.parse::<Cidr>().is_ok_and(|subnet| !subnet.is_ipv4()) {
                true => vec![v6()?, v4()?],
                false => vec![v4()?, v6()?],
            }
        }
    })
}

/// Tell the controller manager to give out no parts of the pod subnet, unless a patch has changed something about them.
fn leave_subnets_to_us(documents: &mut [Value], config: &Config) -> bool {
    let cluster = documents.iter_mut().find(|document| document["kind"] == "ClusterConfiguration");
    let Some(cluster) = cluster.filter(|one| one["networking"]["podSubnet"] == config.networking.pod_subnet) else {
        return false;
    };
    let about_subnets = ["cidr", "allocate-node-cidrs", "controllers"];
    let name = "allocate-node-cidrs";
    match &mut cluster["controllerManager"]["extraArgs"] {
        Value::Object(arguments) => {
            let touched = arguments.keys().any(|key| about_subnets.iter().any(|word| key.contains(word)));
            if !touched {
                arguments.insert(name.to_owned(), "false".into());
            }
            !touched
        }
        Value::Array(arguments) => {
            let touched = arguments
                .iter()
                .any(|one| one["name"].as_str().is_some_and(|key| about_subnets.iter().any(|word| key.contains(word))));
            if !touched {
                arguments.insert(0, json!({ "name": name, "value": "false" }));
            }
            !touched
        }
        _ => false,
    }
}

/// Documents carry a name only so that patches which name it fit; kubeadm does not know it.
fn without_name(document: &mut Value) {
    let Some(fields) = document.as_object_mut() else { return };
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("name");
        if metadata.is_empty() {
            fields.remove("metadata");
        }
    }
}

struct Writer<'a> {
    config: &'a Config,
    node: &'a Node,
    facts: &'a Facts,
    addresses: &'a [IpAddr],
}

impl Writer<'_> {
    fn documents(&self) -> Vec<Value> {
        let mut documents = vec![self.cluster(), self.init(), self.join(), self.kubelet()];
        documents.extend((self.config.networking.kube_proxy_mode != KubeProxyMode::None).then(|| self.proxy()));
        if self.facts.version.kubeadm_api() == "v1beta4" {
            documents.iter_mut().for_each(patch::arguments_as_lists);
        }
        documents
    }

    fn is_ipv6(&self) -> bool {
        self.config.networking.ip_family == IpFamily::Ipv6
    }

    fn head(&self, kind: &str) -> Value {
        json!({
            "apiVersion": format!("kubeadm.k8s.io/{}", self.facts.version.kubeadm_api()),
            "kind": kind,
            "metadata": { "name": "config" },
        })
    }

    fn endpoint(&self) -> String {
        format!("{}:{API_PORT}", names::endpoint(self.config))
    }

    fn cluster(&self) -> Value {
        let networking = &self.config.networking;
        let mut document = self.head("ClusterConfiguration");
        document["kubernetesVersion"] = self.facts.version.to_string().into();
        document["clusterName"] = self.config.name.as_str().into();
        document["controlPlaneEndpoint"] = self.endpoint().into();
        document["networking"] =
            json!({ "podSubnet": networking.pod_subnet, "serviceSubnet": networking.service_subnet });
        let sans: Vec<&str> =
            ["localhost"].into_iter().chain(self.facts.api_names.iter().map(String::as_str)).collect();
        document["apiServer"] = json!({ "certSANs": sans, "extraArgs": self.api_server_arguments() });
        document["controllerManager"] = json!({ "extraArgs": self.controller_arguments() });
        let scheduler = self.scheduler_arguments();
        document["scheduler"] = match scheduler.is_empty() {
            true => json!({}),
            false => json!({ "extraArgs": scheduler }),
        };
        if self.facts.version.is_at_least(20) && !self.facts.version.is_at_least(21) {
            document["featureGates"] = json!({ "IPv6DualStack": true });
        }
        document
    }

    fn api_server_arguments(&self) -> Map<String, Value> {
        let runtime: Vec<String> =
            self.config.runtime_config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mut arguments = self.gates_argument();
        arguments.insert("runtime-config".to_owned(), runtime.join(",").into());
        arguments
    }

    fn controller_arguments(&self) -> Map<String, Value> {
        let mut arguments = self.gates_argument();
        arguments.insert("enable-hostpath-provisioner".to_owned(), "true".into());
        if self.is_ipv6() {
            arguments.insert("bind-address".to_owned(), "::".into());
        }
        arguments
    }

    fn scheduler_arguments(&self) -> Map<String, Value> {
        let mut arguments = self.gates_argument();
        if self.is_ipv6() {
            arguments.insert("bind-address".to_owned(), "::1".into());
        }
        arguments
    }

    /// The feature gates, with those that a kubelet without root needs.
    fn gates(&self) -> BTreeMap<String, bool> {
        let mut gates = self.config.feature_gates.clone();
        if self.facts.rootless {
            gates.insert("KubeletInUserNamespace".to_owned(), true);
            if !self.facts.version.is_at_least(25) {
                gates.insert("LocalStorageCapacityIsolation".to_owned(), false);
            }
        }
        gates
    }

    fn gates_argument(&self) -> Map<String, Value> {
        let gates: Vec<String> = self.gates().into_iter().map(|(gate, on)| format!("{gate}={on}")).collect();
        match gates.is_empty() {
            true => Map::new(),
            false => Map::from_iter([("feature-gates".to_owned(), gates.join(",").into())]),
        }
    }

    fn init(&self) -> Value {
        let mut document = self.head("InitConfiguration");
        document["bootstrapTokens"] = json!([{ "token": TOKEN }]);
        document["localAPIEndpoint"] = self.local_endpoint();
        document["nodeRegistration"] = self.registration(Role::ControlPlane);
        let proxy = self.config.networking.kube_proxy_mode == KubeProxyMode::None;
        let phases: Vec<&str> = ["preflight"].into_iter().chain(proxy.then_some("addon/kube-proxy")).collect();
        self.skip(&mut document, &phases);
        document
    }

    fn join(&self) -> Value {
        let mut document = self.head("JoinConfiguration");
        if self.node.role == Role::ControlPlane {
            document["controlPlane"] = json!({ "localAPIEndpoint": self.local_endpoint() });
        }
        document["nodeRegistration"] = self.registration(self.node.role);
        document["discovery"] = json!({ "bootstrapToken": {
            "apiServerEndpoint": self.endpoint(), "token": TOKEN, "unsafeSkipCAVerification": true,
        } });
        self.skip(&mut document, &["preflight"]);
        document
    }

    /// From 1.23 on the phases to skip stand in the configuration; before they are arguments, see [`skip_arguments`].
    fn skip(&self, document: &mut Value, phases: &[&str]) {
        if self.facts.version.is_at_least(23) {
            document["skipPhases"] = phases.into();
        }
    }

    fn local_endpoint(&self) -> Value {
        json!({ "advertiseAddress": self.addresses.first().map(IpAddr::to_string), "bindPort": API_PORT })
    }

    fn registration(&self, role: Role) -> Value {
        let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
        let provider = format!("kind://docker/{}/{}", self.config.name, self.facts.name);
        let mut registration = json!({
            "criSocket": CRI_SOCKET,
            "kubeletExtraArgs": {
                "node-ip": addresses.join(","), "provider-id": provider, "node-labels": kubelet_labels(self.node),
            },
        });
        // Without workers the control planes run the pods, so they get no taint that another step would have to take away.
        if role == Role::ControlPlane && self.config.count(Role::Worker) == 0 {
            registration["taints"] = json!([]);
        }
        registration
    }

    fn kubelet(&self) -> Value {
        let version = &self.facts.version;
        let mut document = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "metadata": { "name": "config" },
            "cgroupDriver": if version.is_at_least(24) { "systemd" } else { "cgroupfs" },
            "cgroupRoot": "/kubelet",
            "failSwapOn": false,
            // The disk is the host's, and nodes do not clean it up.
            "imageGCHighThresholdPercent": 100,
            "evictionHard": { "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%" },
        });
        if self.is_ipv6() {
            document["address"] = "::".into();
            document["healthzBindAddress"] = "::".into();
        }
        let gates = self.gates();
        if !gates.is_empty() {
            document["featureGates"] = json!(gates);
        }
        if self.facts.rootless && version.is_at_least(25) {
            document["localStorageCapacityIsolation"] = false.into();
        }
        if self.facts.cgroup_v1 && version.is_at_least(35) {
            document["failCgroupV1"] = false.into();
        }
        document
    }

    fn proxy(&self) -> Value {
        let mode = self.config.networking.kube_proxy_mode;
        // The setting is the host's and must not be touched.
        let mut conntrack = json!({ "maxPerCore": 0 });
        if self.facts.rootless {
            conntrack["tcpEstablishedTimeout"] = "0s".into();
            conntrack["tcpCloseWaitTimeout"] = "0s".into();
        } else if mode == KubeProxyMode::Nftables {
            conntrack["tcpBeLiberal"] = true.into();
        }
        let mut document = json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "metadata": { "name": "config" },
            "mode": mode,
            "iptables": { "minSyncPeriod": "1s" },
            "conntrack": conntrack,
        });
        let gates = self.gates();
        if !gates.is_empty() {
            document["featureGates"] = json!(gates);
        }
        document
    }
}

/// The labels that the kubelet may give its own node.
fn kubelet_labels(node: &Node) -> String {
    let labels = node.labels.iter().filter(|(key, _)| kubelet_may(key));
    labels.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// The labels that only the API server gives: a kubelet that is told them does not start.
pub fn other_labels(node: &Node) -> BTreeMap<String, String> {
    node.labels.iter().filter(|(key, _)| !kubelet_may(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Kubernetes keeps the labels of its own domains from kubelets, but for these.
fn kubelet_may(key: &str) -> bool {
    const ALLOWED: [&str; 11] = [
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    ];
    let Some((prefix, _)) = key.rsplit_once('/') else { return true };
    let within = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    let own = within("kubernetes.io") || within("k8s.io");
    !own || ALLOWED.contains(&key) || within("kubelet.kubernetes.io") || within("node.kubernetes.io")
}

/// The arguments of `kubeadm init` or `kubeadm join` that name phases to skip; none from 1.23 on.
pub fn skip_arguments(version: &Version, config: &Config, act: &str) -> Vec<String> {
    if version.is_at_least(23) {
        return Vec::new();
    }
    let proxy = act == "init" && config.networking.kube_proxy_mode == KubeProxyMode::None;
    vec![format!("--skip-phases=preflight{}", if proxy { ",addon/kube-proxy" } else { "" })]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Options, Patches};

    fn facts(name: &str, version: &str) -> Facts {
        Facts {
            name: name.into(),
            version: Version::read(version).unwrap(),
            addresses: vec!["172.18.0.2".parse().unwrap(), "fc00::2".parse().unwrap()],
            rootless: false,
            cgroup_v1: false,
            api_names: vec!["127.0.0.1".into()],
        }
    }

    fn config(options: Options) -> Config {
        Options { name: Some("a".parse().unwrap()), ..options }.config().unwrap()
    }

    fn document(text: &str, kind: &str) -> Value {
        let all = meshrun_yaml::parse_all(text).unwrap();
        all.into_iter().find(|document| document["kind"] == kind).unwrap()
    }

    #[test]
    fn the_configuration_of_the_cluster_that_kind_makes() {
        let config = config(Options::default());
        let rendered = render(&config, &config.nodes[0], &facts("a-control-plane", "v1.27.3"), false).unwrap();
        insta::assert_snapshot!(rendered.text, @r#"
        apiServer:
          certSANs:
          - localhost
          - 127.0.0.1
          extraArgs:
            runtime-config: ""
        apiVersion: kubeadm.k8s.io/v1beta3
        clusterName: a
        controlPlaneEndpoint: a-control-plane:6443
        controllerManager:
          extraArgs:
            enable-hostpath-provisioner: "true"
        kind: ClusterConfiguration
        kubernetesVersion: v1.27.3
        networking:
          podSubnet: 10.244.0.0/16
          serviceSubnet: 10.96.0.0/16
        scheduler: {}
        ---
        apiVersion: kubeadm.k8s.io/v1beta3
        bootstrapTokens:
        - token: abcdef.0123456789abcdef
        kind: InitConfiguration
        localAPIEndpoint:
          advertiseAddress: 172.18.0.2
          bindPort: 6443
        nodeRegistration:
          criSocket: unix:///run/containerd/containerd.sock
          kubeletExtraArgs:
            node-ip: 172.18.0.2
            node-labels: ""
            provider-id: kind://docker/a/a-control-plane
          taints: []
        skipPhases:
        - preflight
        ---
        apiVersion: kubeadm.k8s.io/v1beta3
        controlPlane:
          localAPIEndpoint:
            advertiseAddress: 172.18.0.2
            bindPort: 6443
        discovery:
          bootstrapToken:
            apiServerEndpoint: a-control-plane:6443
            token: abcdef.0123456789abcdef
            unsafeSkipCAVerification: true
        kind: JoinConfiguration
        nodeRegistration:
          criSocket: unix:///run/containerd/containerd.sock
          kubeletExtraArgs:
            node-ip: 172.18.0.2
            node-labels: ""
            provider-id: kind://docker/a/a-control-plane
          taints: []
        skipPhases:
        - preflight
        ---
        apiVersion: kubelet.config.k8s.io/v1beta1
        cgroupDriver: systemd
        cgroupRoot: /kubelet
        evictionHard:
          imagefs.available: 0%
          nodefs.available: 0%
          nodefs.inodesFree: 0%
        failSwapOn: false
        imageGCHighThresholdPercent: 100
        kind: KubeletConfiguration
        ---
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        conntrack:
          maxPerCore: 0
        iptables:
          minSyncPeriod: 1s
        kind: KubeProxyConfiguration
        mode: iptables
        "#);
    }

    #[test]
    fn a_worker_joins_as_itself_and_the_control_plane_keeps_its_taint() {
        let mut config = config(Options { workers: Some(1), ..Options::default() });
        config.nodes[1].labels = BTreeMap::from([
            ("b".into(), "2".into()),
            ("a".into(), "1".into()),
            ("node-role.kubernetes.io/x".into(), "".into()),
        ]);
        let rendered = render(&config, &config.nodes[1], &facts("a-worker", "v1.27.3"), true).unwrap();
        let join = document(&rendered.text, "JoinConfiguration");
        assert_eq!(join.get("controlPlane"), None);
        assert_eq!(
            join["nodeRegistration"],
            json!({
                "criSocket": CRI_SOCKET,
                "kubeletExtraArgs": {
                    "node-ip": "172.18.0.2", "node-labels": "a=1,b=2", "provider-id": "kind://docker/a/a-worker",
                },
            })
        );
        assert_eq!(document(&rendered.text, "InitConfiguration")["nodeRegistration"].get("taints"), None);
        assert_eq!(
            other_labels(&config.nodes[1]),
            BTreeMap::from([("node-role.kubernetes.io/x".into(), String::new())])
        );
        assert!(rendered.plans_subnets);
        let cluster = document(&rendered.text, "ClusterConfiguration");
        let arguments = json!({ "allocate-node-cidrs": "false", "enable-hostpath-provisioner": "true" });
        assert_eq!(cluster["controllerManager"]["extraArgs"], arguments);
    }

    #[test]
    fn several_control_planes_meet_at_the_load_balancer() {
        let config = config(Options { control_planes: Some(2), ..Options::default() });
        let text = render(&config, &config.nodes[1], &facts("a-control-plane2", "v1.27.3"), false).unwrap().text;
        let join = document(&text, "JoinConfiguration");
        assert_eq!(join["discovery"]["bootstrapToken"]["apiServerEndpoint"], "a-external-load-balancer:6443");
        assert_eq!(
            join["controlPlane"]["localAPIEndpoint"],
            json!({ "advertiseAddress": "172.18.0.2", "bindPort": 6443 })
        );
        assert_eq!(join["nodeRegistration"]["taints"], json!([]));
    }

    #[test]
    fn addresses_follow_the_service_subnets() {
        let options = |family, services: &str| Options {
            ip_family: Some(family),
            service_subnet: Some(services.into()),
            ..Options::default()
        };
        let ip = |options: Options| {
            let config = config(options);
            let text = render(&config, &config.nodes[0], &facts("a-control-plane", "v1.27.3"), false).unwrap().text;
            let node_ip =
                document(&text, "InitConfiguration")["nodeRegistration"]["kubeletExtraArgs"]["node-ip"].clone();
            node_ip.as_str().unwrap().to_owned()
        };
        assert_eq!(ip(options(IpFamily::Dual, "fd00:10:96::/112,10.96.0.0/16")), "fc00::2,172.18.0.2");
        assert_eq!(ip(options(IpFamily::Dual, "10.96.0.0/16,fd00:10:96::/112")), "172.18.0.2,fc00::2");
        assert_eq!(ip(options(IpFamily::Ipv6, "fd00:10:96::/112")), "fc00::2");
        let config = config(options(IpFamily::Ipv6, "fd00:10:96::/112"));
        let mut only_v4 = facts("a-control-plane", "v1.27.3");
        only_v4.addresses.truncate(1);
        let error = render(&config, &config.nodes[0], &only_v4, false).unwrap_err();
        assert!(error.to_string().contains("got no IPv6 address in network `kind`"), "{error}");
    }

    #[test]
    fn ipv6_listens_everywhere_and_gates_go_to_all() {
        let config = config(Options {
            ip_family: Some(IpFamily::Ipv6),
            feature_gates: BTreeMap::from([("B".into(), false), ("A".into(), true)]),
            runtime_config: BTreeMap::from([("api/b".into(), "true".into()), ("api/a".into(), "false".into())]),
            ..Options::default()
        });
        let text = render(&config, &config.nodes[0], &facts("a-control-plane", "v1.27.3"), false).unwrap().text;
        let cluster = document(&text, "ClusterConfiguration");
        assert_eq!(
            cluster["scheduler"]["extraArgs"],
            json!({ "bind-address": "::1", "feature-gates": "A=true,B=false" })
        );
        assert_eq!(cluster["controllerManager"]["extraArgs"]["bind-address"], "::");
        assert_eq!(cluster["apiServer"]["extraArgs"]["runtime-config"], "api/a=false,api/b=true");
        let kubelet = document(&text, "KubeletConfiguration");
        assert_eq!((&kubelet["address"], &kubelet["healthzBindAddress"]), (&json!("::"), &json!("::")));
        assert_eq!(kubelet["featureGates"], json!({ "A": true, "B": false }));
        assert_eq!(document(&text, "KubeProxyConfiguration")["featureGates"], json!({ "A": true, "B": false }));
    }

    #[test]
    fn versions_differ() {
        let config = config(Options { kube_proxy_mode: Some(KubeProxyMode::None), ..Options::default() });
        let at = |version: &str| {
            let facts = Facts { cgroup_v1: true, ..facts("a-control-plane", version) };
            render(&config, &config.nodes[0], &facts, true).unwrap().text
        };
        let old = at("v1.20.5");
        assert_eq!(document(&old, "ClusterConfiguration")["featureGates"], json!({ "IPv6DualStack": true }));
        assert_eq!(document(&old, "KubeletConfiguration")["cgroupDriver"], "cgroupfs");
        assert_eq!(document(&old, "InitConfiguration").get("skipPhases"), None);
        let version = Version::read("v1.20.5").unwrap();
        assert_eq!(skip_arguments(&version, &config, "init"), ["--skip-phases=preflight,addon/kube-proxy"]);
        let middle = at("v1.27.3");
        assert_eq!(document(&middle, "InitConfiguration")["skipPhases"], json!(["preflight", "addon/kube-proxy"]));
        assert!(!middle.contains("KubeProxyConfiguration") && !middle.contains("failCgroupV1"));
        let new = at("v1.36.1");
        let cluster = document(&new, "ClusterConfiguration");
        assert_eq!(cluster["apiVersion"], "kubeadm.k8s.io/v1beta4");
        let arguments = json!([
            { "name": "allocate-node-cidrs", "value": "false" },
            { "name": "enable-hostpath-provisioner", "value": "true" },
        ]);
        assert_eq!(cluster["controllerManager"]["extraArgs"], arguments);
        assert_eq!(document(&new, "KubeletConfiguration")["failCgroupV1"], false);
    }

    #[test]
    fn patches_of_the_cluster_come_before_those_of_the_node() {
        let mut config = config(Options {
            kubeadm_patches: vec![
                "kind: ClusterConfiguration\nmetadata: {name: config}\nclusterName: one\nnetworking: {dnsDomain: d}"
                    .into(),
            ],
            ..Options::default()
        });
        config.nodes[0].patches = Patches {
            merge: vec!["kind: ClusterConfiguration\nclusterName: two".into(), "kind: Other".into()],
            json: vec![],
        };
        let rendered = render(&config, &config.nodes[0], &facts("a-control-plane", "v1.27.3"), true).unwrap();
        let cluster = document(&rendered.text, "ClusterConfiguration");
        assert_eq!((&cluster["clusterName"], cluster.get("metadata")), (&json!("two"), None));
        assert_eq!(cluster["networking"]["dnsDomain"], "d");
        assert_eq!(rendered.unused_patches, ["`Other`"]);
        assert!(rendered.plans_subnets);
        let patch = "kind: ClusterConfiguration\ncontrollerManager: {extraArgs: {node-cidr-mask-size: '25'}}";
        config.patches.merge = vec![patch.into()];
        let rendered = render(&config, &config.nodes[0], &facts("a-control-plane", "v1.27.3"), true).unwrap();
        assert!(!rendered.plans_subnets && !rendered.text.contains("allocate-node-cidrs"), "{}", rendered.text);
    }

    #[test]
    fn a_kubelet_without_root_is_told_so() {
        let config = config(Options::default());
        let at = |version: &str| {
            let facts = Facts { rootless: true, ..facts("a-control-plane", version) };
            render(&config, &config.nodes[0], &facts, false).unwrap().text
        };
        let new = at("v1.27.3");
        let kubelet = document(&new, "KubeletConfiguration");
        assert_eq!(kubelet["featureGates"], json!({ "KubeletInUserNamespace": true }));
        assert_eq!(kubelet["localStorageCapacityIsolation"], false);
        let conntrack = json!({ "maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s" });
        assert_eq!(document(&new, "KubeProxyConfiguration")["conntrack"], conntrack);
        let gates = json!({ "KubeletInUserNamespace": true, "LocalStorageCapacityIsolation": false });
        assert_eq!(document(&at("v1.24.0"), "KubeletConfiguration")["featureGates"], gates);
    }
}

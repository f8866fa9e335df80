//! What the mesh looks like in one cluster: the parts of its objects that decide where traffic goes.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use serde_json::Value;

use super::remotes::{self, Access};
use crate::{
    controllers::{
        injection, istiod, metallb,
        object::{
            self, CONFIG_MAP, ENDPOINTS, NAMESPACE, NODE, POD, POOL, SECRET, SERVICE, hash, is_going, label, list,
            name, namespace, text, uid,
        },
    },
    kube::Cluster,
};

/// A cluster.
#[derive(Debug, Default)]
pub struct ClusterView {
    /// Its name in the simulation.
    pub name: String,
    /// The id that its istiod gives it.
    pub id: String,
    /// Whether an istiod runs in it.
    pub has_istiod: bool,
    /// The network that its system namespace is labelled with.
    pub network: String,
    /// Networks as the mesh configuration lists them, by the cluster's id.
    pub networks: BTreeMap<String, String>,
    /// Hosts that are kept within their cluster.
    pub cluster_local: Vec<String>,
    /// Addresses of gateways as the mesh configuration lists them, by network.
    pub listed_gateways: Vec<(String, IpAddr, u16)>,
    /// Its services.
    pub services: Vec<Service>,
    /// Its pods that have an address.
    pub pods: Vec<Pod>,
    /// Its nodes: name, address, locality.
    pub nodes: Vec<Node>,
    /// Istio's objects, by kind.
    pub gateways: Vec<Arc<Value>>,
    /// Rules for destinations.
    pub destination_rules: Vec<Arc<Value>>,
    /// Rules for routes.
    pub virtual_services: Vec<Arc<Value>>,
    /// Who must speak TLS.
    pub peer_authentications: Vec<Arc<Value>>,
    /// Remote secrets: the id, and the kubeconfig.
    pub remote_secrets: Vec<RemoteSecret>,
}

/// An entry of a remote secret.
#[derive(Debug, Clone)]
pub struct RemoteSecret {
    /// `namespace/name` of the secret.
    pub secret: String,
    /// The id of the cluster.
    pub id: String,
    /// What its kubeconfig is known by.
    pub(super) key: u64,
    /// Where its kubeconfig leads to, when it can be read.
    pub(super) access: Option<Arc<Access>>,
}

/// A node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Where it is.
    pub locality: Locality,
}

/// Where something is: region, zone, subzone.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locality(pub [String; 3]);

/// A service.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its address in the cluster; none when it is headless.
    pub address: Option<IpAddr>,
    /// Addresses from outside that are announced.
    pub announced: Vec<IpAddr>,
    /// Addresses from outside, announced or not.
    pub external: Vec<IpAddr>,
    /// Whether it is a mere alias.
    pub alias: Option<String>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// The network that it leads into, when it is a gateway, and on which port.
    pub gateway_of: Option<(String, u16)>,
    /// Who answers: address, the pod when it is one of this cluster, whether it is ready, and the ports by name.
    pub endpoints: Vec<Endpoint>,
}

/// A port of a service.
#[derive(Debug, Clone, Default)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u16,
    /// Its number on every node, 0 when it has none.
    pub node: u16,
    /// Whether it is known to be plain TCP, not HTTP.
    pub is_tcp: bool,
}

/// Somebody who answers for a service.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// The port, by the name of the service's port.
    pub ports: BTreeMap<String, u16>,
}

/// What a proxy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Beside an application.
    Sidecar,
    /// A gateway.
    Router,
}

/// A proxy in a pod.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// What it is.
    pub role: Role,
    /// The network that it says it is in.
    pub network: String,
    /// The networks that it wants to see endpoints of; all when empty.
    pub view: Vec<String>,
    /// The root that it trusts.
    pub root: Option<Arc<str>>,
    /// Whether its listeners are closed.
    pub drained: bool,
    /// Whether it answers for names of services elsewhere.
    pub captures_names: bool,
}

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its unique id.
    pub uid: String,
    /// Its address.
    pub address: IpAddr,
    /// Whether it shares its node's address.
    pub on_host: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its service account.
    pub account: String,
    /// Its node.
    pub node: String,
    /// Its proxy.
    pub proxy: Option<Proxy>,
    /// What runs in it.
    pub object: Arc<Value>,
}

impl ClusterView {
    /// Look at a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        let store = cluster.store();
        let pods: Vec<Pod> = store.list(POD, None).iter().filter_map(|pod| read_pod(cluster, pod)).collect();
        let istiod = pods.iter().find(|pod| pod.ready && istiod::is_istiod(&pod.object));
        let id = istiod.and_then(|pod| environment(&pod.object, "CLUSTER_ID")).filter(|one| !one.is_empty());
        let home = istiod.map_or("istio-system", |pod| &pod.namespace).to_owned();
        let space = store.get(NAMESPACE, None, &home);
        let of_kind = |group: &str, kind: &str| store.list((group, kind), None);
        let networking = "networking.istio.io/v1beta1";
        let mut view = Self {
            name: cluster.name().to_owned(),
            id: id.unwrap_or_else(|| "Kubernetes".to_owned()),
            has_istiod: istiod.is_some(),
            network: space
                .as_ref()
                .and_then(|one| label(one, "topology.istio.io/network"))
                .unwrap_or_default()
                .to_owned(),
            services: services(cluster),
            nodes: store.list(NODE, None).iter().map(|node| read_node(node)).collect(),
            gateways: of_kind(networking, "Gateway"),
            destination_rules: of_kind(networking, "DestinationRule"),
            virtual_services: of_kind(networking, "VirtualService"),
            peer_authentications: of_kind("security.istio.io/v1beta1", "PeerAuthentication"),
            remote_secrets: remote_secrets(cluster, &home),
            pods,
            ..Self::default()
        };
        let map = store.get(CONFIG_MAP, Some(&home), "istio");
        view.read_networks(map.as_deref());
        view.read_mesh(map.as_deref());
        view
    }

    fn read_networks(&mut self, map: Option<&Value>) {
        let Some(map) = map else { return };
        // What is no YAML lists no networks, as istiod sees it too.
        let parsed: Value = serde_yaml::from_str(text(map, "/data/meshNetworks")).unwrap_or_default();
        for (network, one) in parsed.get("networks").and_then(Value::as_object).into_iter().flatten() {
            for endpoint in list(one, "/endpoints") {
                self.networks.insert(text(endpoint, "/fromRegistry").to_owned(), network.clone());
            }
            for gateway in list(one, "/gateways") {
                let port = gateway.get("port").and_then(Value::as_u64).and_then(|one| u16::try_from(one).ok());
                if let Ok(address) = text(gateway, "/address").parse() {
                    self.listed_gateways.push((network.clone(), address, port.unwrap_or(15443)));
                }
            }
        }
    }

    fn read_mesh(&mut self, map: Option<&Value>) {
        let Some(map) = map else { return };
        // What is no YAML says nothing, as istiod sees it too.
        let parsed: Value = serde_yaml::from_str(text(map, "/data/mesh")).unwrap_or_default();
        for setting in list(&parsed, "/serviceSettings") {
            if setting.pointer("/settings/clusterLocal") == Some(&Value::Bool(true)) {
                self.cluster_local
                    .extend(list(setting, "/hosts").iter().filter_map(|one| one.as_str().map(str::to_owned)));
            }
        }
    }

    /// The pod with this name.
    pub fn pod(&self, namespace: &str, pod: &str) -> Option<&Pod> {
        self.pods.iter().find(|one| one.namespace == namespace && one.name == pod)
    }

    /// The service with this name.
    pub fn service(&self, namespace: &str, service: &str) -> Option<&Service> {
        self.services.iter().find(|one| one.namespace == namespace && one.name == service)
    }

    /// Where a pod is.
    pub fn locality(&self, pod: &Pod) -> Locality {
        if let Some(written) = pod.labels.get("istio-locality") {
            let mut parts = written.split(['.', '/']).map(str::to_owned);
            return Locality(std::array::from_fn(|_| parts.next().unwrap_or_default()));
        }
        self.nodes.iter().find(|node| node.name == pod.node).map(|node| node.locality.clone()).unwrap_or_default()
    }
}

/// The value of a variable of one of the containers of a pod.
pub fn environment(pod: &Value, key: &str) -> Option<String> {
    let variables = list(pod, "/spec/containers").iter().flat_map(|one| list(one, "/env"));
    let found = variables.into_iter().find(|one| text(one, "/name") == key)?;
    found.get("value").and_then(Value::as_str).map(str::to_owned)
}

fn read_node(node: &Value) -> Node {
    let part = |key: &str| label(node, key).unwrap_or_default().to_owned();
    let locality =
        ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"].map(part);
    let internal = list(node, "/status/addresses").iter().find(|one| text(one, "/type") == "InternalIP");
    Node {
        name: name(node).to_owned(),
        address: internal.and_then(|one| text(one, "/address").parse().ok()),
        locality: Locality(locality),
    }
}

fn read_pod(cluster: &Cluster, pod: &Arc<Value>) -> Option<Pod> {
    let address = text(pod, "/status/podIP").parse().ok()?; // a pod without an address takes no part
    if text(pod, "/status/phase") != "Running" || is_going(pod) {
        return None;
    }
    let labels = pod.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let process = cluster.runtime().process(uid(pod));
    let proxy = list(pod, "/spec/containers")
        .iter()
        .find(|one| text(one, "/name") == injection::PROXY || text(one, "/image").contains("/proxyv2"));
    let proxy = proxy.map(|container| {
        let router = list(container, "/args").iter().any(|one| one.as_str() == Some("router"));
        let value = |key: &str| environment(pod, key).unwrap_or_default();
        let view = value("ISTIO_META_REQUESTED_NETWORK_VIEW");
        Proxy {
            role: if router { Role::Router } else { Role::Sidecar },
            network: value("ISTIO_META_NETWORK"),
            view: view.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
            root: process.root.clone(),
            drained: process.drained,
            captures_names: value("ISTIO_META_DNS_CAPTURE") == "true"
                || value("PROXY_CONFIG").contains("\"ISTIO_META_DNS_CAPTURE\":\"true\""),
        }
    });
    Some(Pod {
        namespace: namespace(pod).to_owned(),
        name: name(pod).to_owned(),
        uid: uid(pod).to_owned(),
        address,
        on_host: pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)),
        ready: object::condition(pod, "Ready") == "True",
        labels: labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
        account: text(pod, "/spec/serviceAccountName").to_owned(),
        node: text(pod, "/spec/nodeName").to_owned(),
        proxy,
        object: Arc::clone(pod),
    })
}

/// Which addresses MetalLB's speakers announce: those of pools that an advertisement names, while speakers run.
fn announced(cluster: &Cluster, addresses: &[IpAddr]) -> Vec<IpAddr> {
    let store = cluster.store();
    let pools = store.list(POOL, None);
    let advertisements = store.list(("metallb.io/v1beta1", "L2Advertisement"), None);
    let speaks =
        store.list(POD, None).iter().any(|pod| metallb::is_speaker(pod) && object::condition(pod, "Ready") == "True");
    let names = |advertisement: &Arc<Value>, pool: &str| {
        let wanted = list(advertisement, "/spec/ipAddressPools");
        let by_labels = list(advertisement, "/spec/ipAddressPoolSelectors").iter().any(|selector| {
            pools
                .iter()
                .any(|one| name(one) == pool && object::selects(Some(selector), one.pointer("/metadata/labels")))
        });
        wanted.iter().any(|one| one.as_str() == Some(pool))
            || by_labels
            || wanted.is_empty() && list(advertisement, "/spec/ipAddressPoolSelectors").is_empty()
    };
    let is_announced = |address: &&IpAddr| {
        speaks
            && crate::controllers::pools_of(&pools, **address)
                .iter()
                .any(|pool| advertisements.iter().any(|one| names(one, pool)))
    };
    addresses.iter().filter(is_announced).copied().collect()
}

fn services(cluster: &Cluster) -> Vec<Service> {
    let store = cluster.store();
    let endpoints = store.list(ENDPOINTS, None);
    store.list(SERVICE, None).iter().map(|service| read_service(cluster, service, &endpoints)).collect()
}

fn read_service(cluster: &Cluster, service: &Value, endpoints: &[Arc<Value>]) -> Service {
    let number =
        |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|one| u16::try_from(one).ok()).unwrap_or(0);
    let ports = list(service, "/spec/ports").iter().map(|port| {
        let (port_name, protocol) = (text(port, "/name"), text(port, "/appProtocol"));
        let says = if protocol.is_empty() { port_name.split('-').next().unwrap_or_default() } else { protocol };
        Port {
            name: port_name.to_owned(),
            number: number(port.get("port")),
            node: number(port.get("nodePort")),
            is_tcp: matches!(says, "tcp" | "tls" | "https" | "mongo" | "mysql" | "redis" | "udp"),
        }
    });
    let mut external: Vec<IpAddr> = crate::controllers::balancer_addresses(service);
    let announced = announced(cluster, &external);
    external.extend(list(service, "/spec/externalIPs").iter().filter_map(|one| one.as_str()?.parse::<IpAddr>().ok()));
    let gateway_port =
        label(service, "networking.istio.io/gatewayPort").and_then(|one| one.parse().ok()).unwrap_or(15443);
    let own = endpoints.iter().find(|one| name(one) == name(service) && namespace(one) == namespace(service));
    Service {
        namespace: namespace(service).to_owned(),
        name: name(service).to_owned(),
        address: text(service, "/spec/clusterIP").parse().ok(),
        announced,
        external,
        alias: (text(service, "/spec/type") == "ExternalName").then(|| text(service, "/spec/externalName").to_owned()),
        ports: ports.collect(),
        gateway_of: label(service, "topology.istio.io/network").map(|one| (one.to_owned(), gateway_port)),
        endpoints: own.map(|one| read_endpoints(one)).unwrap_or_default(),
    }
}

fn read_endpoints(endpoints: &Value) -> Vec<Endpoint> {
    let mut all = Vec::new();
    for subset in list(endpoints, "/subsets") {
        let port =
            |port: &Value| Some((text(port, "/name").to_owned(), u16::try_from(port.get("port")?.as_u64()?).ok()?));
        let ports: BTreeMap<String, u16> = list(subset, "/ports").iter().filter_map(port).collect();
        for address in list(subset, "/addresses") {
            if let Ok(address) = text(address, "/ip").parse() {
                all.push(Endpoint { address, ports: ports.clone() });
            }
        }
    }
    all
}

fn remote_secrets(cluster: &Cluster, home: &str) -> Vec<RemoteSecret> {
    let mut all = Vec::new();
    for secret in cluster.store().list(SECRET, Some(home)) {
        if label(&secret, "istio/multiCluster") != Some("true") {
            continue;
        }
        for (id, _) in secret.get("data").and_then(Value::as_object).into_iter().flatten() {
            if let Some(kubeconfig) = istiod::decode(&secret, id) {
                let key = hash(&kubeconfig);
                let access = cluster.runtime().kubeconfig(key, || remotes::parse(&kubeconfig));
                all.push(RemoteSecret { secret: format!("{home}/{}", name(&secret)), id: id.clone(), key, access });
            }
        }
    }
    all
}

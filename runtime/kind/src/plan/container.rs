//! The containers of a cluster, with exactly the arguments that kind gives them.

use std::{collections::BTreeMap, net::IpAddr};

use meshrun_docker::{Cgroupns, ContainerSpec, Info, Publish, Restart};
use meshrun_terms::{Cidr, Image, Invalid, Port};

use super::{
    API_PORT,
    names::{self, CLUSTER_LABEL, ROLE_LABEL, SHAPE_LABEL},
};
use crate::config::{Config, ExtraMount, HostPort, IpFamily, Node, Propagation, Proxy, Role};

/// What the containers depend on besides the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Surroundings {
    /// Whether the engine runs without root.
    pub rootless: bool,
    /// Whether the engine maps users, so that nodes must be exempt.
    pub maps_users: bool,
    /// Whether nodes need the host's `/dev/mapper`.
    pub device_mapper: bool,
    /// Whether the engine's machine has control groups of version 1.
    pub cgroup_v1: bool,
    /// The subnets of the network, for `NO_PROXY`.
    pub network_subnets: Vec<Cidr>,
    /// Where the host publishes the API server.
    pub api_address: Option<IpAddr>,
    /// More names for the API server's certificate: the engine's machine when it is another one.
    pub extra_san: Option<String>,
    /// The images whose entrypoint copes with a private control group namespace on version 1.
    pub private_cgroup_images: Vec<String>,
}

impl Surroundings {
    /// What the engine's description tells.
    pub fn of(info: &Info) -> Self {
        let driver = info.storage_driver.to_lowercase();
        let on_mapper = matches!(driver.as_str(), "btrfs" | "zfs" | "devicemapper")
            || matches!(info.backing_filesystem.as_str(), "btrfs" | "zfs" | "xfs");
        Self {
            rootless: info.rootless,
            maps_users: info.security_options.iter().any(|option| option.contains("name=userns")),
            // A rootless engine may not hand the devices on.
            device_mapper: on_mapper && !info.rootless,
            cgroup_v1: info.cgroup_version == 1,
            ..Self::default()
        }
    }

    /// A namespace of its own for control groups: always right on version 2; on version 1 only for images that were made for it,
    /// the others find no place for the kubelet in it.
    fn cgroupns(&self, image: &Image) -> Option<Cgroupns> {
        let private = !self.cgroup_v1 || self.private_cgroup_images.iter().any(|one| one == image.as_str());
        private.then_some(Cgroupns::Private)
    }
}

/// The container of a node. The ports that are chosen beforehand come in the order of the node's mappings, the API server's last.
///
/// # Errors
/// Never, as long as 6443 is a port.
pub fn node(
    config: &Config,
    surroundings: &Surroundings,
    shape: &str,
    node: &Node,
    name: &str,
    ports: &[Option<Port>],
) -> Result<ContainerSpec, Invalid> {
    let mut spec = common(config, surroundings, shape, node.role, name, node.image.clone());
    spec.privileged = true;
    spec.security_opt = ["seccomp=unconfined", "apparmor=unconfined"].map(str::to_owned).to_vec();
    spec.tmpfs = ["/tmp", "/run"].map(|path| (path.to_owned(), String::new())).into();
    spec.volumes = vec!["/var".to_owned()];
    spec.binds.push("/lib/modules:/lib/modules:ro".to_owned());
    spec.binds.extend(node.mounts.iter().map(bind));
    spec.cgroupns = surroundings.cgroupns(&node.image);
    if let Some(snapshotter) = &config.snapshotter {
        spec.env.insert("KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER".to_owned(), snapshotter.clone());
    }
    spec.ports = published(config, surroundings, node, ports)?;
    if node.role == Role::ControlPlane {
        spec.env.insert("KUBECONFIG".to_owned(), "/etc/kubernetes/admin.conf".to_owned());
    }
    Ok(spec)
}

/// The container of the load balancer.
///
/// # Errors
/// Never, as long as 6443 is a port.
pub fn load_balancer(
    config: &Config,
    surroundings: &Surroundings,
    shape: &str,
    image: Image,
    port: Option<Port>,
) -> Result<ContainerSpec, Invalid> {
    let name = names::load_balancer(&config.name);
    let mut spec = common(config, surroundings, shape, Role::LoadBalancer, &name, image);
    spec.cgroupns = (!surroundings.cgroup_v1).then_some(Cgroupns::Private);
    spec.ports = vec![api_port(api_address(config, surroundings), port)?];
    Ok(spec)
}

/// Which ports of the host the node's container takes, in order: address and wish. The API server's comes last.
pub fn host_ports(config: &Config, surroundings: &Surroundings, node: &Node) -> Vec<(IpAddr, HostPort)> {
    let everywhere = config.networking.everywhere();
    let mut all: Vec<(IpAddr, HostPort)> =
        node.ports.iter().map(|port| (port.listen_address.unwrap_or(everywhere), port.host_port)).collect();
    if node.role == Role::ControlPlane {
        all.push(match config.has_load_balancer() {
            true => (config.networking.loopback(), HostPort::Free),
            false => (api_address(config, surroundings), config.networking.api_server_port),
        });
    }
    all
}

/// Where the host publishes the API server.
pub fn api_address(config: &Config, surroundings: &Surroundings) -> IpAddr {
    let chosen = config.networking.api_server_address.or(surroundings.api_address);
    chosen.unwrap_or_else(|| config.networking.loopback())
}

fn published(
    config: &Config,
    surroundings: &Surroundings,
    node: &Node,
    ports: &[Option<Port>],
) -> Result<Vec<Publish>, Invalid> {
    let sides = host_ports(config, surroundings, node);
    let mut all = Vec::new();
    for (at, (address, _)) in sides.into_iter().enumerate() {
        let host = ports.get(at).copied().flatten();
        all.push(match node.ports.get(at) {
            Some(port) => {
                Publish { container: port.container_port, host, address: Some(address), protocol: port.protocol }
            }
            None => api_port(address, host)?,
        });
    }
    Ok(all)
}

fn api_port(address: IpAddr, host: Option<Port>) -> Result<Publish, Invalid> {
    let container = Port::new(API_PORT.into())?;
    Ok(Publish { container, host, address: Some(address), protocol: Default::default() })
}

/// What all containers of a cluster have.
fn common(
    config: &Config,
    surroundings: &Surroundings,
    shape: &str,
    role: Role,
    name: &str,
    image: Image,
) -> ContainerSpec {
    let mut spec = ContainerSpec::new(image);
    spec.name = Some(name.to_owned());
    spec.hostname = Some(name.to_owned());
    spec.tty = true;
    spec.labels = BTreeMap::from([
        (CLUSTER_LABEL.to_owned(), config.name.to_string()),
        (ROLE_LABEL.to_owned(), role.to_string()),
        (SHAPE_LABEL.to_owned(), shape.to_owned()),
    ]);
    spec.network = Some(config.network.clone());
    spec.restart = Restart::OnFailure(Some(1));
    spec.init = Some(false);
    if config.networking.ip_family != IpFamily::Ipv4 {
        spec.sysctls = BTreeMap::from([
            ("net.ipv6.conf.all.disable_ipv6".to_owned(), "0".to_owned()),
            ("net.ipv6.conf.all.forwarding".to_owned(), "1".to_owned()),
        ]);
    }
    spec.env = proxy_variables(config, &surroundings.network_subnets);
    if let Some(domains) = &config.networking.dns_search {
        spec.env.insert("KIND_DNS_SEARCH".to_owned(), domains.join(" "));
    }
    spec.userns = surroundings.maps_users.then(|| "host".to_owned());
    if surroundings.device_mapper {
        spec.binds.push("/dev/mapper:/dev/mapper".to_owned());
    }
    if surroundings.rootless {
        spec.devices.push("/dev/fuse".to_owned());
    }
    spec
}

fn bind(mount: &ExtraMount) -> String {
    let propagation = match mount.propagation {
        Propagation::None => None,
        Propagation::HostToContainer => Some("rslave"),
        Propagation::Bidirectional => Some("rshared"),
    };
    let options: Vec<&str> = mount
        .read_only
        .then_some("ro")
        .into_iter()
        .chain(mount.selinux_relabel.then_some("Z"))
        .chain(propagation)
        .collect();
    match options.is_empty() {
        true => format!("{}:{}", mount.host_path, mount.container_path),
        false => format!("{}:{}:{}", mount.host_path, mount.container_path, options.join(",")),
    }
}

/// The variables of the proxy in both spellings; what is inside the cluster and its network goes past it.
fn proxy_variables(config: &Config, network_subnets: &[Cidr]) -> BTreeMap<String, String> {
    let Proxy { http, https, none } = &config.proxy;
    if !config.proxy.is_set() {
        return BTreeMap::new();
    }
    let direct: Vec<String> = network_subnets
        .iter()
        .map(Cidr::to_string)
        .chain(none.clone())
        .chain([config.networking.service_subnet.clone(), config.networking.pod_subnet.clone()])
        .chain(names::all(config))
        .chain([".svc", ".svc.cluster", ".svc.cluster.local"].map(str::to_owned))
        .collect();
    let all = [("HTTP_PROXY", http.clone()), ("HTTPS_PROXY", https.clone()), ("NO_PROXY", Some(direct.join(",")))];
    all.into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_lowercase(), value)])
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Options, PortMapping};

    fn config(options: Options) -> Config {
        Options { name: Some("a".parse().unwrap()), image: Some("kindest/node:v1".parse().unwrap()), ..options }
            .config()
            .unwrap()
    }

    fn port(number: i64) -> Option<Port> {
        Some(Port::new(number).unwrap())
    }

    /// The fields that are not as in an empty specification.
    fn told(spec: &ContainerSpec) -> serde_json::Value {
        let empty = serde_json::to_value(ContainerSpec::new(spec.image.clone())).unwrap();
        let mut all = serde_json::to_value(spec).unwrap();
        all.as_object_mut().unwrap().retain(|key, value| empty[key] != *value);
        all
    }

    #[test]
    fn a_control_plane_is_run_as_kind_runs_it() {
        let config = config(Options::default());
        let spec = node(&config, &Surroundings::default(), "{}", &config.nodes[0], "a-control-plane", &[port(40000)]);
        let expected = json!({
            "name": "a-control-plane", "hostname": "a-control-plane", "tty": true, "privileged": true,
            "labels": {
                "io.x-k8s.kind.cluster": "a", "io.x-k8s.kind.role": "control-plane", "io.meshrun.shape": "{}",
            },
            "network": "kind", "restart": "on-failure:1", "init": false, "cgroupns": "private",
            "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
            "tmpfs": { "/tmp": "", "/run": "" }, "volumes": ["/var"], "binds": ["/lib/modules:/lib/modules:ro"],
            "env": { "KUBECONFIG": "/etc/kubernetes/admin.conf" },
            "ports": [{ "container": 6443, "host": 40000, "address": "127.0.0.1", "protocol": "tcp" }],
        });
        assert_eq!(told(&spec.unwrap()), expected);
    }

    #[test]
    fn a_worker_with_everything() {
        let mapping = PortMapping {
            container_port: Port::new(53).unwrap(),
            host_port: HostPort::Engine,
            listen_address: None,
            protocol: meshrun_docker::Protocol::Udp,
        };
        let mount = ExtraMount {
            host_path: "/h".into(),
            container_path: "/c".into(),
            read_only: true,
            selinux_relabel: true,
            propagation: Propagation::Bidirectional,
        };
        let mut config = config(Options {
            workers: Some(1),
            ip_family: Some(IpFamily::Dual),
            dns_search: Some(vec!["a.example".into(), "b.example".into()]),
            mounts: vec![mount],
            snapshotter: Some("native".into()),
            ..Options::default()
        });
        config.nodes[1].ports = vec![mapping];
        let info = Surroundings { rootless: true, maps_users: true, device_mapper: true, ..Surroundings::default() };
        let spec = node(&config, &info, "{}", &config.nodes[1], "a-worker", &[None]).unwrap();
        assert_eq!(spec.binds, ["/dev/mapper:/dev/mapper", "/lib/modules:/lib/modules:ro", "/h:/c:ro,Z,rshared"]);
        assert_eq!((spec.userns.as_deref(), spec.devices), (Some("host"), vec!["/dev/fuse".to_owned()]));
        let expected = json!([{ "container": 53, "host": null, "address": "0.0.0.0", "protocol": "udp" }]);
        assert_eq!(serde_json::to_value(&spec.ports).unwrap(), expected);
        let env =
            json!({ "KIND_DNS_SEARCH": "a.example b.example", "KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER": "native" });
        assert_eq!(serde_json::to_value(&spec.env).unwrap(), env);
        assert_eq!(spec.sysctls.len(), 2);
    }

    #[test]
    fn the_load_balancer_alone_publishes_where_it_was_asked_for() {
        let config = config(Options {
            control_planes: Some(2),
            api_server_address: Some("10.0.0.1".parse().unwrap()),
            api_server_port: Some(HostPort::Fixed(Port::new(6443).unwrap())),
            ..Options::default()
        });
        let near = Surroundings::default();
        let balancer = load_balancer(&config, &near, "{}", haproxy_image(), port(6443)).unwrap();
        let expected = json!([{ "container": 6443, "host": 6443, "address": "10.0.0.1", "protocol": "tcp" }]);
        assert_eq!(serde_json::to_value(&balancer.ports).unwrap(), expected);
        assert!(!balancer.privileged && balancer.volumes.is_empty() && balancer.tmpfs.is_empty());
        let sides = host_ports(&config, &near, &config.nodes[0]);
        assert_eq!(sides, [("127.0.0.1".parse().unwrap(), HostPort::Free)]);
    }

    fn haproxy_image() -> Image {
        super::super::haproxy::IMAGE.parse().unwrap()
    }

    #[test]
    fn control_groups_are_private_where_the_image_copes() {
        let old = Surroundings { cgroup_v1: true, ..Surroundings::default() };
        let image: Image = "a:1".parse().unwrap();
        assert_eq!(old.cgroupns(&image), None);
        let new = Surroundings { private_cgroup_images: vec!["a:1".into()], ..old };
        assert_eq!(new.cgroupns(&image), Some(Cgroupns::Private));
        assert_eq!(Surroundings::default().cgroupns(&image), Some(Cgroupns::Private));
    }

    #[test]
    fn what_is_inside_goes_past_the_proxy() {
        let mut config = config(Options {
            proxy: Proxy { http: None, https: Some("5.5.5.5".into()), none: Some("8.8.8.8".into()) },
            ..Options::default()
        });
        config.networking.service_subnet = "S".into();
        config.networking.pod_subnet = "P".into();
        let subnets = ["10.0.0.0/8".parse().unwrap(), "11.0.0.0/8".parse().unwrap()];
        let variables = proxy_variables(&config, &subnets);
        let expected = "10.0.0.0/8,11.0.0.0/8,8.8.8.8,S,P,a-control-plane,.svc,.svc.cluster,.svc.cluster.local";
        assert_eq!((&*variables["NO_PROXY"], &*variables["no_proxy"]), (expected, expected));
        assert_eq!((&*variables["HTTPS_PROXY"], &*variables["https_proxy"]), ("5.5.5.5", "5.5.5.5"));
        assert_eq!(variables.len(), 4);
    }
}

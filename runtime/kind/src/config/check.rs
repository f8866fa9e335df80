//! The rules that a configuration keeps; all that are broken are told.

use std::{collections::BTreeMap, net::IpAddr};

use meshrun_docker::Protocol;
use meshrun_terms::Cidr;

use super::{Config, HostPort, IpFamily, Node, PortMapping, Role};
use crate::plan::patch;

/// Every rule that the configuration breaks, in words.
pub(super) fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    if config.count(Role::ControlPlane) == 0 {
        problems.push("expected at least one control plane, found none".to_owned());
    }
    if !is_network_name(&config.network) {
        problems.push(format!(
            "`network`: expected a name of letters, digits, `_`, `.` and `-`, found `{}`",
            config.network
        ));
    }
    let networking = &config.networking;
    problems.extend(subnets("pod subnet", &networking.pod_subnet, networking.ip_family));
    problems.extend(subnets("service subnet", &networking.service_subnet, networking.ip_family));
    problems.extend(overlap(&networking.pod_subnet, &networking.service_subnet));
    problems.extend(api_server(config));
    for (index, node) in config.nodes.iter().enumerate() {
        problems.extend(node_problems(node).into_iter().map(|problem| format!("node {index}: {problem}")));
    }
    problems.extend(same_port_twice(config));
    problems.extend(patch::problems(&config.patches));
    problems.extend(mirrors(&config.registry_mirrors));
    problems
}

fn is_network_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(known)
}

/// One subnet of the family, or for both families one or two.
fn subnets(what: &str, text: &str, family: IpFamily) -> Option<String> {
    let parts: Vec<&str> = text.split(',').collect();
    let parsed: Result<Vec<Cidr>, _> = parts.iter().map(|part| part.trim().parse::<Cidr>()).collect();
    let subnets = match parsed {
        Ok(subnets) => subnets,
        Err(error) => return Some(format!("{what}: {error}")),
    };
    let v4 = subnets.iter().filter(|subnet| subnet.is_ipv4()).count();
    let v6 = subnets.len() - v4;
    let expected = match family {
        IpFamily::Ipv4 if (v4, v6) != (1, 0) => "one IPv4 subnet",
        IpFamily::Ipv6 if (v4, v6) != (0, 1) => "one IPv6 subnet",
        IpFamily::Dual if v4 > 1 || v6 > 1 => "one subnet, or one of each family",
        _ => return None,
    };
    Some(format!("{what}: expected {expected}, found `{text}`"))
}

/// Pods and services share no address.
fn overlap(pods: &str, services: &str) -> Option<String> {
    let all = |text: &str| text.split(',').filter_map(|part| part.trim().parse::<Cidr>().ok()).collect::<Vec<_>>();
    let clash = all(pods).into_iter().any(|pod| all(services).iter().any(|service| pod.overlaps(service)));
    clash.then(|| {
        format!("expected subnets of pods and services that share no address, found `{pods}` and `{services}`")
    })
}

fn api_server(config: &Config) -> Option<String> {
    let address = config.networking.api_server_address?;
    let fits = match config.networking.ip_family {
        IpFamily::Ipv4 => address.is_ipv4(),
        IpFamily::Ipv6 | IpFamily::Dual => true,
    };
    (!fits).then(|| format!("API server address: expected an IPv4 address for the IPv4 family, found `{address}`"))
}

fn node_problems(node: &Node) -> Vec<String> {
    let mut problems = Vec::new();
    for mount in &node.mounts {
        if mount.host_path.is_empty() {
            problems.push("mount: expected the path on the host, found none".to_owned());
        }
        if !mount.container_path.starts_with('/') {
            problems.push(format!("mount: expected an absolute path in the node, found `{}`", mount.container_path));
        }
        if mount.host_path.contains(':') || mount.container_path.contains(':') {
            problems.push(format!(
                "mount: expected paths without `:`, found `{}` and `{}`",
                mount.host_path, mount.container_path
            ));
        }
    }
    for (at, port) in node.ports.iter().enumerate() {
        if node.ports[..at].iter().any(|other| collide(other, port)) {
            problems.push(format!("port {} is published twice", shown(port)));
        }
    }
    problems.extend(node.labels.iter().filter_map(|(key, value)| label(key, value)));
    problems.extend(patch::problems(&node.patches));
    problems
}

/// Whether two mappings want the same port of the host. Ports that are chosen later never do.
fn collide(a: &PortMapping, b: &PortMapping) -> bool {
    HostSide::of(a).collides(&HostSide::of(b))
}

/// What a mapping takes of the host.
#[derive(Clone, Copy)]
struct HostSide {
    port: HostPort,
    address: Option<IpAddr>,
    protocol: Protocol,
}

impl HostSide {
    fn of(port: &PortMapping) -> Self {
        Self { port: port.host_port, address: port.listen_address, protocol: port.protocol }
    }

    fn collides(&self, other: &Self) -> bool {
        let (HostPort::Fixed(one), HostPort::Fixed(two)) = (self.port, other.port) else { return false };
        let everywhere = |side: &Self| side.address.is_none_or(|address| address.is_unspecified());
        let same_place = everywhere(self) || everywhere(other) || self.address == other.address;
        one == two && self.protocol == other.protocol && same_place
    }
}

/// Nodes share the host: what two of them want, or a node and the API server, only one can have.
fn same_port_twice(config: &Config) -> Vec<String> {
    let networking = &config.networking;
    let address = networking.api_server_address.unwrap_or_else(|| networking.loopback());
    let api = HostSide { port: networking.api_server_port, address: Some(address), protocol: Protocol::Tcp };
    let mut seen = vec![("the API server".to_owned(), api)];
    let mut problems = Vec::new();
    for (index, node) in config.nodes.iter().enumerate() {
        let own = format!("node {index}");
        for port in &node.ports {
            let side = HostSide::of(port);
            if let Some((owner, _)) = seen.iter().find(|(owner, other)| *owner != own && side.collides(other)) {
                problems.push(format!("{own}: port {} is published by {owner} too", shown(port)));
            }
            seen.push((own.clone(), side));
        }
    }
    problems
}

fn shown(port: &PortMapping) -> String {
    let address = port.listen_address.map_or_else(|| "*".to_owned(), |address| address.to_string());
    format!("`{address}:{}/{}`", port.host_port.number(), port.protocol)
}

/// Kubernetes' rule for labels.
fn label(key: &str, value: &str) -> Option<String> {
    let part = |text: &str, empty: bool| {
        let edge = |c: char| c.is_ascii_alphanumeric();
        let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (empty && text.is_empty())
            || (text.len() <= 63 && text.starts_with(edge) && text.ends_with(edge) && text.chars().all(inner))
    };
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix = prefix.is_none_or(|prefix| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        !prefix.is_empty() && prefix.len() <= 253 && prefix.chars().all(inner)
    });
    if !prefix || !part(name, false) {
        return Some(format!("expected the name of a label, such as `example.com/zone`, found `{key}`"));
    }
    (!part(value, true))
        .then(|| format!("label `{key}`: expected letters, digits, `-`, `_` and `.`, at most 63, found `{value}`"))
}

fn mirrors(mirrors: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    for (host, endpoints) in mirrors {
        let plain =
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:_".contains(c)) && host != "..";
        if !plain {
            problems.push(format!(
                "registry mirrors: expected the host of a registry, such as `docker.io`, found `{host}`"
            ));
        }
        let good = |endpoint: &&String| {
            let rest = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['"', '\\', '\n', ' ']))
        };
        for bad in endpoints.iter().filter(|endpoint| !good(endpoint)) {
            problems.push(format!(
                "registry mirrors of `{host}`: expected `http://host:port` or `https://host`, found `{bad}`"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::config::{Document, Options};

    fn told(text: &str) -> Vec<String> {
        let text = format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{text}");
        let options = Options { document: Some(Document { text, file: None }), ..Options::default() };
        match options.config() {
            Ok(_) => Vec::new(),
            Err(crate::Error::Invalid { problems }) => problems,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = "nodes:\n- role: worker\n  labels: {-a: b}\n  extraMounts: [{hostPath: '', containerPath: b}]\nnetworking: {podSubnet: x}\n";
        assert_eq!(
            told(text),
            [
                "expected at least one control plane, found none",
                "pod subnet: expected a subnet in CIDR notation, such as \"10.244.0.0/16\", found `x`",
                "node 0: mount: expected the path on the host, found none",
                "node 0: mount: expected an absolute path in the node, found `b`",
                "node 0: expected the name of a label, such as `example.com/zone`, found `-a`",
            ]
        );
    }

    #[test]
    fn subnets_fit_the_family() {
        for (family, subnet) in [
            ("ipv4", "10.1.0.0/16"),
            ("ipv6", "fd00:1::/56"),
            ("dual", "10.1.0.0/16"),
            ("dual", "fd00:1::/56,10.1.0.0/16"),
        ] {
            assert_eq!(
                told(&format!("networking: {{ipFamily: {family}, podSubnet: '{subnet}'}}\n")),
                [""; 0],
                "{family} {subnet}"
            );
        }
        for (family, subnet) in [
            ("dual", "10.1.0.0/16,10.2.0.0/16"),
            ("ipv4", "fd00:1::/56"),
            ("ipv4", "10.1.0.0/16,fd00:1::/56"),
            ("ipv6", "10.1.0.0/16"),
            ("ipv4", ""),
        ] {
            assert_eq!(
                told(&format!("networking: {{ipFamily: {family}, podSubnet: '{subnet}'}}\n")).len(),
                1,
                "{family} {subnet}"
            );
        }
    }

    #[test]
    fn the_same_port_is_published_once() {
        let ports = |ports: &str| told(&format!("nodes: [{{extraPortMappings: [{ports}]}}]\n")).len();
        let port = |address: &str, protocol: &str| {
            format!("{{containerPort: 1, hostPort: 80, listenAddress: '{address}', protocol: {protocol}}}")
        };
        assert_eq!(ports(&[port("", "TCP"), port("", "TCP")].join(",")), 1);
        assert_eq!(ports(&[port("127.0.0.1", "TCP"), port("0.0.0.0", "tcp")].join(",")), 1);
        assert_eq!(ports(&[port("0.0.0.0", "TCP"), port("127.0.0.1", "TCP")].join(",")), 1);
        assert_eq!(ports(&[port("0.0.0.0", "TCP"), port("::", "TCP")].join(",")), 1);
        assert_eq!(ports(&[port("127.0.0.1", "TCP"), port("127.0.0.2", "TCP")].join(",")), 0);
        assert_eq!(ports(&[port("", "TCP"), port("", "UDP")].join(",")), 0);
        assert_eq!(ports("{containerPort: 1}, {containerPort: 2}"), 0);
    }

    #[test]
    fn nodes_and_the_api_server_share_the_host() {
        let text = "nodes:\n- extraPortMappings: [{containerPort: 1, hostPort: 80}]\n- role: worker\n  extraPortMappings: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 6443}]\nnetworking: {apiServerPort: 6443}\n";
        assert_eq!(
            told(text),
            [
                "node 1: port `*:80/tcp` is published by node 0 too",
                "node 1: port `*:6443/tcp` is published by the API server too",
            ]
        );
    }
}

//! What makes one cluster another one: recorded at creation, compared later.

use std::collections::BTreeMap;

use meshrun_docker::Container;
use serde_json::{Map, Value, json};

use super::{API_PORT, names};
use crate::config::{Config, HostPort, NodeSubnets, Role};

/// The shape of a cluster, as its containers carry it. What is as usual is left out.
pub fn of_config(config: &Config) -> Value {
    let networking = &config.networking;
    let nodes = names::nodes(config);
    let nodes: Map<String, Value> = nodes
        .iter()
        .zip(&config.nodes)
        .map(|(name, node)| {
            let short = name.strip_prefix(&format!("{}-", config.name.as_str())).unwrap_or(name);
            let mut about = json!({ "image": node.image });
            insert(&mut about, "labels", json!(node.labels));
            insert(&mut about, "mounts", json!(node.mounts));
            insert(&mut about, "ports", node.ports.iter().map(|port| port_shape(port, config)).collect());
            insert(&mut about, "kubeadm patches", json!(node.patches));
            (short.to_owned(), about)
        })
        .collect();
    let mut shape = json!({
        "control planes": config.count(Role::ControlPlane),
        "workers": config.count(Role::Worker),
        "network": config.network,
        "ip family": networking.ip_family,
        "pod subnet": networking.pod_subnet,
        "service subnet": networking.service_subnet,
        "nodes": nodes,
    });
    if let Some(address) = networking.api_server_address {
        shape["API server address"] = json!(address);
    }
    if let HostPort::Fixed(port) = networking.api_server_port {
        shape["API server port"] = json!(port);
    }
    insert(&mut shape, "default pod network", if networking.disable_default_cni { json!("none") } else { Value::Null });
    let mode = json!(networking.kube_proxy_mode);
    insert(&mut shape, "kube-proxy", if mode == "iptables" { Value::Null } else { mode });
    insert(
        &mut shape,
        "DNS search",
        networking.dns_search.as_ref().map_or(Value::Null, |domains| json!(domains.join(" "))),
    );
    insert(&mut shape, "feature gates", json!(config.feature_gates));
    insert(&mut shape, "runtime config", json!(config.runtime_config));
    insert(&mut shape, "kubeadm patches", json!(config.patches));
    insert(&mut shape, "containerd patches", json!(config.containerd_patches));
    insert(&mut shape, "containerd JSON patches", json!(config.containerd_json_patches));
    insert(&mut shape, "registry mirrors", json!(config.registry_mirrors));
    let by_controller = config.node_subnets == NodeSubnets::Controller;
    insert(&mut shape, "node subnets", if by_controller { json!("controller") } else { Value::Null });
    shape
}

fn port_shape(port: &crate::config::PortMapping, config: &Config) -> Value {
    let address = port.listen_address.unwrap_or_else(|| config.networking.everywhere());
    let host = match port.host_port {
        HostPort::Fixed(port) => port.to_string(),
        HostPort::Free | HostPort::Engine => "any".to_owned(),
    };
    json!(format!("{address}:{host} to {}/{}", port.container_port, port.protocol))
}

/// Put a value that is not empty.
fn insert(object: &mut Value, key: &str, value: Value) {
    let empty = match &value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    if !empty {
        object[key] = value;
    }
}

/// The part of a shape that can be seen of containers which carry none, those that kind has made.
pub fn of_containers(cluster: &str, containers: &[Container], roles: &BTreeMap<String, Role>) -> Value {
    let count = |role| roles.values().filter(|one| **one == role).count();
    let nodes = containers.iter().filter(|one| matches!(roles.get(&one.name), Some(Role::ControlPlane | Role::Worker)));
    let nodes: Map<String, Value> = nodes
        .map(|one| {
            let short = one.name.strip_prefix(&format!("{cluster}-")).unwrap_or(&one.name);
            (short.to_owned(), json!({ "image": one.image }))
        })
        .collect();
    let network = containers.iter().flat_map(|one| one.networks.keys()).next();
    let mut shape =
        json!({ "control planes": count(Role::ControlPlane), "workers": count(Role::Worker), "nodes": nodes });
    insert(&mut shape, "network", json!(network));
    let server = containers.iter().find(|one| match roles.get(&one.name) {
        Some(Role::LoadBalancer) => true,
        Some(Role::ControlPlane) => count(Role::ControlPlane) == 1,
        _ => false,
    });
    if let Some(port) = server.and_then(|one| one.published(API_PORT, Default::default())) {
        insert(&mut shape, "API server address", json!(port.host_ip));
        shape["API server port"] = json!(port.host_port);
    }
    shape
}

/// The same for what is wanted: only what can be seen of containers.
pub fn visible(wanted: &Value, seen: &Value) -> Value {
    match (wanted, seen) {
        (Value::Object(wanted), Value::Object(seen)) => {
            let both = wanted.iter().filter_map(|(key, value)| match seen.get(key) {
                Some(other) => Some((key.clone(), visible(value, other))),
                // A node that is not there is seen by its absence.
                None => (value.get("image").is_some()).then(|| (key.clone(), value.clone())),
            });
            Value::Object(both.collect())
        }
        _ => wanted.clone(),
    }
}

/// Where two shapes differ, in words: `workers: wanted 2, has 0`. Nodes of which there is another number are not told one by one.
pub fn differences(wanted: &Value, has: &Value) -> Vec<String> {
    let mut all = Vec::new();
    compare("", wanted, has, &mut all);
    all
}

fn compare(path: &str, wanted: &Value, has: &Value, all: &mut Vec<String>) {
    match (wanted, has) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let (one, other) = (one.get(key), other.get(key));
                if path == "nodes" && (one.is_none() || other.is_none()) {
                    continue;
                }
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null), all);
            }
        }
        _ if wanted == has => {}
        _ => all.push(format!("{path}: wanted {}, has {}", shown(wanted), shown(has))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing special".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use meshrun_terms::Port;

    use super::*;
    use crate::config::Options;

    fn shape(options: Options) -> Value {
        let image = options.image.clone().or(Some("kindest/node:v1".parse().unwrap()));
        of_config(&Options { name: Some("a".parse().unwrap()), image, ..options }.config().unwrap())
    }

    #[test]
    fn the_shape_says_what_matters() {
        let expected = json!({
            "control planes": 1, "workers": 1, "network": "kind", "ip family": "ipv4",
            "pod subnet": "10.244.0.0/16", "service subnet": "10.96.0.0/16", "API server port": 6443,
            "nodes": { "control-plane": { "image": "kindest/node:v1" }, "worker": { "image": "kindest/node:v1" } },
            "feature gates": { "A": true },
        });
        let options = Options {
            workers: Some(1),
            api_server_port: Some(HostPort::Fixed(Port::new(6443).unwrap())),
            feature_gates: BTreeMap::from([("A".into(), true)]),
            ..Options::default()
        };
        assert_eq!(shape(options), expected);
    }

    #[test]
    fn differences_are_told_one_by_one() {
        let has = shape(Options::default());
        let wanted = shape(Options {
            workers: Some(2),
            image: Some("kindest/node:v2".parse().unwrap()),
            pod_subnet: Some("10.1.0.0/16".into()),
            ..Options::default()
        });
        assert_eq!(
            differences(&wanted, &has),
            [
                "nodes.control-plane.image: wanted `kindest/node:v2`, has `kindest/node:v1`",
                "pod subnet: wanted `10.1.0.0/16`, has `10.244.0.0/16`",
                "workers: wanted 2, has 0",
            ]
        );
        assert_eq!(differences(&has, &has), [""; 0]);
        let gates = Options { feature_gates: BTreeMap::from([("A".into(), true)]), ..Options::default() };
        assert_eq!(differences(&shape(gates), &has), ["feature gates: wanted `{\"A\":true}`, has nothing special"]);
    }

    #[test]
    fn only_what_can_be_seen_is_compared_with_clusters_of_kind() {
        let seen = json!({ "control planes": 1, "workers": 0, "network": "kind", "nodes": { "control-plane": { "image": "kindest/node:v1" } }, "API server port": 40000 });
        let wanted = shape(Options { feature_gates: BTreeMap::from([("A".into(), true)]), ..Options::default() });
        let visible = visible(&wanted, &seen);
        let seen_of_it = super::visible(&seen, &visible);
        assert_eq!(differences(&visible, &seen_of_it), [""; 0]);
    }
}

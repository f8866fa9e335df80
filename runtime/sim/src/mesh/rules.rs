//! Istio's rules: which of them concern a destination, a gateway, a server.

use std::sync::Arc;

use serde_json::Value;

use super::{
    envoy::Destination,
    network::Network,
    request::Request,
    view::{ClusterView, Locality, Pod},
};
use crate::controllers::object::{list, name, namespace, selects_plainly, text};

/// Whether a host is what a pattern says: `*`, `*.local`, or itself.
pub fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => host.ends_with(end),
        None => pattern == host,
    }
}

/// Namespace and name of the service that a host means, seen from a namespace: `a`, `a.b`, `a.b.svc.cluster.local`.
pub fn service_of(host: &str, from: &str) -> Option<(String, String)> {
    let host = host.trim_end_matches('.');
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let host = host.strip_suffix(".svc").unwrap_or(host);
    match host.split('.').collect::<Vec<_>>().as_slice() {
        [service] => Some((from.to_owned(), (*service).to_owned())),
        [service, namespace] => Some(((*namespace).to_owned(), (*service).to_owned())),
        _ => None,
    }
}

fn is_for(host: &str, of: &str, to: &Destination) -> bool {
    let full = format!("{}.{}.svc.cluster.local", to.name, to.namespace);
    host_matches(host, &full) || service_of(host, of).is_some_and(|one| one == (to.namespace.clone(), to.name.clone()))
}

/// The rule for a destination that an istiod has.
pub fn destination_rule(network: &Network<'_>, control: usize, to: &Destination) -> Option<Arc<Value>> {
    let rules = &network.views[control].destination_rules;
    rules.iter().find(|rule| is_for(text(rule, "/spec/host"), namespace(rule), to)).cloned()
}

fn subset<'v>(rule: Option<&'v Value>, to: &Destination) -> Option<&'v Value> {
    list(rule?, "/spec/subsets").iter().find(|one| text(one, "/name") == to.subset)
}

/// The traffic policy of a destination: the subset's over the rule's.
pub fn policy(rule: Option<&Value>, to: &Destination) -> Option<Value> {
    let mut policy = rule?.pointer("/spec/trafficPolicy").cloned().unwrap_or_default();
    let own = subset(rule, to).and_then(|one| one.get("trafficPolicy")).and_then(Value::as_object);
    for (key, value) in own.into_iter().flatten() {
        policy[key] = value.clone();
    }
    Some(policy)
}

/// Whether an endpoint belongs to the subset of a destination.
pub fn is_in_subset(
    rule: Option<&Value>,
    to: &Destination,
    pod: Option<&Pod>,
    cluster: &str,
    network: &str,
    locality: &Locality,
) -> bool {
    if to.subset.is_empty() {
        return true;
    }
    let Some(labels) = subset(rule, to).map(|one| one.get("labels").and_then(Value::as_object)) else { return false };
    labels.into_iter().flatten().all(|(key, wanted)| {
        let found = match key.as_str() {
            "topology.istio.io/cluster" => Some(cluster),
            "topology.istio.io/network" => Some(network),
            "topology.kubernetes.io/region" => Some(locality.0[0].as_str()),
            "topology.kubernetes.io/zone" => Some(locality.0[1].as_str()),
            key => pod.and_then(|pod| pod.labels.get(key)).map(String::as_str),
        };
        found == wanted.as_str()
    })
}

/// Whether the mesh configuration keeps a service within its cluster.
pub fn is_cluster_local(view: &ClusterView, to: &Destination) -> bool {
    let full = format!("{}.{}.svc.cluster.local", to.name, to.namespace);
    view.cluster_local.iter().any(|host| host_matches(host, &full))
}

/// The servers of gateways that a proxy is configured with at a port of its pod, each with the gateway's `namespace/name`.
pub fn gateways_of(view: &ClusterView, pod: &Pod, port: u16) -> Vec<(String, Value)> {
    let labels =
        Value::Object(pod.labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect());
    let mut all = Vec::new();
    for gateway in &view.gateways {
        let selector = gateway.pointer("/spec/selector");
        let everywhere = selector.and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
        if !everywhere && !selects_plainly(selector, Some(&labels)) {
            continue;
        }
        for server in list(gateway, "/spec/servers") {
            let number = server.pointer("/port/number").and_then(Value::as_u64).and_then(|one| u16::try_from(one).ok());
            if number.is_some_and(|number| number == port || target(view, pod, number) == Some(port)) {
                all.push((format!("{}/{}", namespace(gateway), name(gateway)), server.clone()));
            }
        }
    }
    all
}

/// The servers alone.
pub fn servers(view: &ClusterView, pod: &Pod, port: u16) -> Vec<Value> {
    gateways_of(view, pod, port).into_iter().map(|(_, server)| server).collect()
}

/// The port of a gateway's pod that a port of its service leads to.
fn target(view: &ClusterView, pod: &Pod, number: u16) -> Option<u16> {
    view.services.iter().find_map(|service| {
        let port = service.ports.iter().find(|one| one.number == number)?;
        let own = service.endpoints.iter().find(|one| one.address == pod.address)?;
        own.ports.get(&port.name).copied()
    })
}

/// Whether a server accepts nothing but TLS: the narrowest rule that says so counts.
pub fn is_strict(views: &[Arc<ClusterView>], control: Option<usize>, pod: &Pod, port: u16) -> bool {
    let Some(view) = control.map(|control| &views[control]) else { return false };
    let labels =
        Value::Object(pod.labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect());
    let mut mode = "PERMISSIVE";
    let mut rank = 0;
    for rule in &view.peer_authentications {
        let selector =
            rule.pointer("/spec/selector/matchLabels").filter(|one| one.as_object().is_some_and(|one| !one.is_empty()));
        let own = namespace(rule) == pod.namespace;
        let this = match selector {
            Some(selector) if own && selects_plainly(Some(selector), Some(&labels)) => 3,
            Some(_) => continue,
            None if own => 2,
            None if namespace(rule) == "istio-system" => 1,
            None => continue,
        };
        let of_port = text(rule, &format!("/spec/portLevelMtls/{port}/mode"));
        let says = if of_port.is_empty() { text(rule, "/spec/mtls/mode") } else { of_port };
        if this > rank && !matches!(says, "" | "UNSET") {
            (mode, rank) = (says, this);
        }
    }
    mode == "STRICT"
}

/// A route of a virtual service.
pub struct Route {
    /// `namespace/name` of the virtual service and the number of the route.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The route.
    pub rule: Value,
}

/// The route for a request: at one of these gateways, or within the mesh.
pub fn route(view: &ClusterView, request: &Request<'_>, gateways: Option<&[&str]>, from: &str) -> Option<Route> {
    for service in &view.virtual_services {
        let of = namespace(service);
        let bound = list(service, "/spec/gateways").iter().filter_map(Value::as_str);
        let fits = match gateways {
            None => list(service, "/spec/gateways").is_empty() || bound.clone().any(|one| one == "mesh"),
            Some(all) => bound.clone().any(|one| all.contains(&one) || all.contains(&format!("{of}/{one}").as_str())),
        };
        let host = |one: &str| {
            host_matches(one, request.host)
                || gateways.is_none()
                    && service_of(one, of).is_some_and(|one| Some(one) == service_of(request.host, from))
        };
        if !fits || !list(service, "/spec/hosts").iter().filter_map(Value::as_str).any(host) {
            continue;
        }
        let rules = list(service, "/spec/http").iter().enumerate();
        if let Some((index, rule)) = rules.into_iter().find(|(_, rule)| rule_matches(rule, request)) {
            return Some(Route {
                name: format!("{of}/{}/{index}", name(service)),
                namespace: of.to_owned(),
                rule: rule.clone(),
            });
        }
    }
    None
}

fn rule_matches(rule: &Value, request: &Request<'_>) -> bool {
    let conditions = list(rule, "/match");
    conditions.is_empty() || conditions.iter().any(|one| condition_holds(one, request))
}

fn condition_holds(condition: &Value, request: &Request<'_>) -> bool {
    let uri = condition.get("uri").is_none_or(|one| string_matches(one, request.bare_path()));
    let method = condition.get("method").is_none_or(|one| string_matches(one, request.method));
    let port = condition.get("port").and_then(Value::as_u64).is_none_or(|one| one == u64::from(request.port));
    let mut headers = condition.get("headers").and_then(Value::as_object).into_iter().flatten();
    uri && method
        && port
        && headers.all(|(key, one)| request.header(key).is_some_and(|value| string_matches(one, value)))
}

fn string_matches(wanted: &Value, found: &str) -> bool {
    if let Some(exact) = wanted.get("exact").and_then(Value::as_str) {
        return exact == found;
    }
    if let Some(prefix) = wanted.get("prefix").and_then(Value::as_str) {
        return found.starts_with(prefix);
    }
    let pattern = text(wanted, "/regex");
    // An expression that is none matches nothing, as Envoy refuses it.
    regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|one| one.is_match(found))
}

/// The destination of a part of a route. A port that is not named is the service's only one, or that of the request.
pub fn destination(network: &Network<'_>, cluster: usize, part: &Value, of: &str, port: u16) -> Option<Destination> {
    let (namespace, name) = service_of(text(part, "/destination/host"), of)?;
    let named =
        part.pointer("/destination/port/number").and_then(Value::as_u64).and_then(|one| u16::try_from(one).ok());
    let only = network.views[cluster].service(&namespace, &name).and_then(|service| match service.ports.as_slice() {
        [only] => Some(only.number),
        _ => None,
    });
    Some(Destination {
        port: named.or(only).unwrap_or(port),
        subset: text(part, "/destination/subset").to_owned(),
        namespace,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_short_or_full() {
        let own = |host| service_of(host, "x");
        assert_eq!(own("a"), Some(("x".into(), "a".into())));
        assert_eq!(own("a.b"), Some(("b".into(), "a".into())));
        assert_eq!(own("a.b.svc.cluster.local"), Some(("b".into(), "a".into())));
        assert_eq!(own("www.example.com"), None);
        assert!(host_matches("*.local", "a.b.svc.cluster.local"));
        assert!(!host_matches("a.local", "b.local"));
    }
}

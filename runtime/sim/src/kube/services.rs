//! Addresses and node ports of services: what the server allots to them.

use std::{collections::BTreeSet, net::IpAddr};

use serde_json::{Value, json};

use super::{
    cluster::{Cluster, address_at},
    object,
    status::{Cause, Status},
};

const SERVICE: (&str, &str) = ("v1", "Service");

/// Where node ports are.
const NODE_PORTS: std::ops::RangeInclusive<u64> = 30_000..=32_767;

/// Give a service what it has not: an address, node ports. `before` is what it was.
///
/// # Errors
/// When what it asks for is taken or is out of range.
pub(super) fn allot(cluster: &Cluster, value: &mut Value, before: Option<&Value>) -> Result<(), Status> {
    let kind = object::text(value, "/spec/type").to_owned();
    if let Some(before) = before {
        keep(value, before, &kind);
    }
    if kind == "ExternalName" {
        return Ok(());
    }
    address(cluster, value)?;
    let wants_ports =
        kind == "NodePort" || kind == "LoadBalancer" && value["spec"]["allocateLoadBalancerNodePorts"] != json!(false);
    if wants_ports {
        node_ports(cluster, value)?;
    }
    if kind == "LoadBalancer"
        && value["spec"]["externalTrafficPolicy"] == "Local"
        && value["spec"]["healthCheckNodePort"].is_null()
    {
        let free = free_port(&taken_ports(cluster, value), seed(value));
        value["spec"]["healthCheckNodePort"] = free.into();
    }
    Ok(())
}

/// What an update that does not mention it must not lose.
fn keep(value: &mut Value, before: &Value, kind: &str) {
    for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
        let says_nothing = value["spec"].get(key).is_none_or(Value::is_null) && kind != "ExternalName";
        if let Some(old) = before["spec"].get(key).filter(|_| says_nothing) {
            value["spec"][key] = old.clone();
        }
    }
    if kind == "ClusterIP" {
        return;
    }
    let old = before["spec"]["ports"].as_array().cloned().unwrap_or_default();
    for port in value["spec"]["ports"].as_array_mut().into_iter().flatten() {
        let same = |one: &&Value| one["port"] == port["port"] && one["protocol"] == port["protocol"];
        if let Some(number) =
            old.iter().find(same).and_then(|one| one.get("nodePort")).filter(|_| port.get("nodePort").is_none())
        {
            port["nodePort"] = number.clone();
        }
    }
}

fn address(cluster: &Cluster, value: &mut Value) -> Result<(), Status> {
    let spec = &mut value["spec"];
    if spec["ipFamilyPolicy"].is_null() {
        spec["ipFamilyPolicy"] = "SingleStack".into();
    }
    if spec["ipFamilies"].is_null() {
        spec["ipFamilies"] = json!(["IPv4"]);
    }
    let wanted = object::text(spec, "/clusterIP").to_owned();
    let taken: BTreeSet<String> =
        others(cluster, value).map(|one| object::text(&one, "/spec/clusterIP").to_owned()).collect();
    let given = match wanted.as_str() {
        "" => free_address(cluster, &taken, seed(value)),
        "None" => Some(wanted.clone()),
        wanted => {
            let refuse = |why: String| {
                let message = format!("Invalid value: []string{{\"{wanted}\"}}: failed to allocate IP {wanted}: {why}");
                let cause = Cause { reason: "FieldValueInvalid", message, field: "spec.clusterIPs".to_owned() };
                Status::invalid("Service", object::name(value), &[cause])
            };
            let subnet = &cluster.config.service_subnet;
            let within = subnet
                .parse::<ipnet::IpNet>()
                .is_ok_and(|subnet| wanted.parse::<IpAddr>().is_ok_and(|one| subnet.contains(&one)));
            if !within {
                return Err(refuse(format!(
                    "the provided IP ({wanted}) is not in the valid range. The range of valid IPs is {subnet}"
                )));
            }
            if taken.contains(wanted) {
                return Err(refuse("provided IP is already allocated".to_owned()));
            }
            Some(wanted.to_owned())
        }
    };
    let Some(given) = given else {
        return Err(Status::new(
            500,
            "InternalError",
            "Internal error occurred: failed to allocate a serviceIP: range is full",
        ));
    };
    value["spec"]["clusterIPs"] = json!([given]);
    value["spec"]["clusterIP"] = given.into();
    Ok(())
}

fn free_address(cluster: &Cluster, taken: &BTreeSet<String>, seed: u64) -> Option<String> {
    let subnet: ipnet::IpNet = cluster.config.service_subnet.split(',').next()?.trim().parse().ok()?; // checked when the cluster was made
    let bits = u32::from(subnet.max_prefix_len() - subnet.prefix_len()).min(20);
    let size = (1u64 << bits).saturating_sub(2);
    (0..size).find_map(|step| {
        // The first ten are for the services that every cluster has.
        let index = 10 + (seed + step) % size.saturating_sub(10).max(1);
        let address = address_at(&cluster.config.service_subnet, u32::try_from(index).unwrap_or(u32::MAX))?.to_string();
        (!taken.contains(&address)).then_some(address)
    })
}

fn node_ports(cluster: &Cluster, value: &mut Value) -> Result<(), Status> {
    let mut taken = taken_ports(cluster, value);
    let (seed, name) = (seed(value), object::name(value).to_owned());
    let refuse = |index: usize, number: u64, why: &str| {
        let cause = Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {number}: {why}"),
            field: format!("spec.ports[{index}].nodePort"),
        };
        Status::invalid("Service", &name, &[cause])
    };
    for (index, port) in value["spec"]["ports"].as_array_mut().into_iter().flatten().enumerate() {
        match port["nodePort"].as_u64().filter(|number| *number != 0) {
            Some(number) if !NODE_PORTS.contains(&number) => {
                let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                return Err(refuse(index, number, why));
            }
            Some(number) if !taken.insert(number) => {
                return Err(refuse(index, number, "provided port is already allocated"));
            }
            Some(_) => {}
            None => {
                let free = free_port(&taken, seed + index as u64 * 7919);
                taken.insert(free);
                port["nodePort"] = free.into();
            }
        }
    }
    Ok(())
}

fn free_port(taken: &BTreeSet<u64>, seed: u64) -> u64 {
    let (start, size) = (*NODE_PORTS.start(), NODE_PORTS.end() - NODE_PORTS.start() + 1);
    let all = (0..size).map(|step| start + (seed + step) % size);
    all.into_iter().find(|port| !taken.contains(port)).unwrap_or(start)
}

fn taken_ports(cluster: &Cluster, value: &Value) -> BTreeSet<u64> {
    let ports = |service: std::sync::Arc<Value>| -> Vec<u64> {
        let of_ports =
            service["spec"]["ports"].as_array().into_iter().flatten().filter_map(|port| port["nodePort"].as_u64());
        of_ports.chain(service["spec"]["healthCheckNodePort"].as_u64()).collect()
    };
    others(cluster, value).flat_map(ports).collect()
}

fn others(cluster: &Cluster, value: &Value) -> impl Iterator<Item = std::sync::Arc<Value>> {
    let (namespace, name) = (object::namespace(value).map(str::to_owned), object::name(value).to_owned());
    let all = cluster.store.list(SERVICE, None).into_iter();
    all.filter(move |one| object::namespace(one).map(str::to_owned) != namespace || object::name(one) != name)
}

/// Where to begin to look, so that the same service gets the same everywhere.
fn seed(value: &Value) -> u64 {
    let text = format!("{}/{}", object::namespace(value).unwrap_or_default(), object::name(value));
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        >> 20
}

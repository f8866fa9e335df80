//! Load balancers: addresses out of MetalLB's pools, when its controller runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    Context, metallb,
    object::{POOL, SERVICE, annotation, is_going, list, name, namespace, text},
};
use crate::Fault;

/// One step of every service that wants an address.
pub fn step(context: &Context<'_>) {
    let services = context.list(SERVICE, None);
    let balanced = |service: &Value| text(service, "/spec/type") == "LoadBalancer" && !is_going(service);
    let no_address = Fault::NoAddress { cluster: context.cluster.name().to_owned() };
    for service in services.iter().filter(|one| !balanced(one) && has_address(one)) {
        context.modify(SERVICE, service, |one| one["status"]["loadBalancer"] = json!({}));
    }
    if !metallb::controller_runs(context) || context.has_fault(&no_address) {
        return;
    }
    let pools = context.list(POOL, None);
    let mut taken: BTreeMap<IpAddr, String> = BTreeMap::new();
    for service in services.iter().filter(|one| balanced(one)) {
        for address in addresses(service) {
            taken.insert(address, key(service));
        }
    }
    for service in services.iter().filter(|one| balanced(one) && !has_address(one)) {
        assign(context, service, &pools, &mut taken);
    }
}

fn key(service: &Value) -> String {
    format!("{}/{}", namespace(service), name(service))
}

fn has_address(service: &Value) -> bool {
    !list(service, "/status/loadBalancer/ingress").is_empty()
}

/// The addresses that a load balancer has.
pub fn addresses(service: &Value) -> impl Iterator<Item = IpAddr> {
    list(service, "/status/loadBalancer/ingress").iter().filter_map(|one| text(one, "/ip").parse().ok())
}

fn assign(context: &Context<'_>, service: &Value, pools: &[Arc<Value>], taken: &mut BTreeMap<IpAddr, String>) {
    let wanted_pool = annotation(service, "metallb.universe.tf/address-pool");
    let wanted =
        annotation(service, "metallb.universe.tf/loadBalancerIPs").unwrap_or(text(service, "/spec/loadBalancerIP"));
    let may_use = |pool: &&Arc<Value>| match wanted_pool {
        Some(wanted) => name(pool) == wanted,
        None => !wanted.is_empty() || pool.pointer("/spec/autoAssign") != Some(&Value::Bool(false)),
    };
    if pools.is_empty() {
        return;
    }
    let free = pools
        .iter()
        .filter(may_use)
        .flat_map(|pool| pool_addresses(pool))
        .find(|one| !taken.contains_key(one) && (wanted.is_empty() || wanted.parse() == Ok(*one)));
    let Some(free) = free else {
        let service_key = key(service);
        let message = if wanted.is_empty() {
            format!("Failed to allocate IP for \"{service_key}\": no available IPs")
        } else {
            format!("Failed to allocate IP for \"{service_key}\": [\"{wanted}\"] is not allowed in config")
        };
        context.event(service, "Warning", "AllocationFailed", &message, "metallb-controller");
        return;
    };
    taken.insert(free, key(service));
    context.modify(SERVICE, service, |one| one["status"]["loadBalancer"] = json!({"ingress": [{"ip": free}]}));
    context.event(service, "Normal", "IPAllocated", &format!("Assigned IP [\"{free}\"]"), "metallb-controller");
}

/// The addresses of a pool, the lowest first within each range. A pool with more than 65536 is used no further than that.
fn pool_addresses(pool: &Value) -> impl Iterator<Item = IpAddr> {
    let ranges = list(pool, "/spec/addresses").iter().filter_map(|one| one.as_str().and_then(|one| range(one).ok()));
    ranges.flat_map(|(first, last)| (first..=last).take(65536).map(|one| IpAddr::V4(Ipv4Addr::from(one))))
}

/// The first and last address of a range: `172.18.255.200-172.18.255.250` or `172.18.255.0/24`.
///
/// # Errors
/// What is wrong, in MetalLB's words.
pub fn range(text: &str) -> Result<(u32, u32), String> {
    let parse = |one: &str| one.trim().parse::<Ipv4Addr>().ok();
    if let Some((first, last)) = text.split_once('-') {
        let start = parse(first)
            .ok_or_else(|| format!("invalid IP range \"{text}\": invalid start IP \"{}\"", first.trim()))?;
        let end =
            parse(last).ok_or_else(|| format!("invalid IP range \"{text}\": invalid end IP \"{}\"", last.trim()))?;
        if start > end {
            return Err(format!("invalid IP range \"{text}\": start IP \"{start}\" is after the end IP \"{end}\""));
        }
        return Ok((start.into(), end.into()));
    }
    let net: ipnet::Ipv4Net = text.trim().parse().map_err(|_| format!("invalid CIDR \"{text}\""))?;
    Ok((net.network().into(), net.broadcast().into()))
}

/// Which pools hold an address.
pub fn pools_of<'a>(pools: &'a [Arc<Value>], address: IpAddr) -> BTreeSet<&'a str> {
    let IpAddr::V4(address) = address else { return BTreeSet::new() };
    let holds = |pool: &&'a Arc<Value>| {
        list(pool, "/spec/addresses")
            .iter()
            .filter_map(|one| one.as_str().and_then(|one| range(one).ok()))
            .any(|(first, last)| (first..=last).contains(&u32::from(address)))
    };
    pools.iter().filter(holds).map(|pool| name(pool)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_metallb_reads_them() {
        let number = |text: &str| u32::from(text.parse::<Ipv4Addr>().unwrap());
        assert_eq!(range("10.0.0.1-10.0.0.3"), Ok((number("10.0.0.1"), number("10.0.0.3"))));
        assert_eq!(range("10.0.0.0/30"), Ok((number("10.0.0.0"), number("10.0.0.3"))));
        assert!(range("10.0.0.3-10.0.0.1").unwrap_err().contains("is after the end IP"));
        assert_eq!(range("x").unwrap_err(), "invalid CIDR \"x\"");
    }

    #[test]
    fn a_pool_is_used_from_its_beginning() {
        let pool = json!({"metadata": {"name": "p"}, "spec": {"addresses": ["10.0.0.1-10.0.0.2", "10.0.1.0/31"]}});
        let all: Vec<String> = pool_addresses(&pool).map(|one| one.to_string()).collect();
        assert_eq!(all, ["10.0.0.1", "10.0.0.2", "10.0.1.0", "10.0.1.1"]);
        assert_eq!(pools_of(&[Arc::new(pool)], "10.0.1.1".parse().unwrap()).len(), 1);
    }
}

//! Networks: create, list, inspect, connect, disconnect, remove, prune.

use std::{net::IpAddr, sync::Arc};

use http::StatusCode;
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    container, create as creation, events, fields, lifecycle,
    reply::{self, Answer, Failure},
    state::{Network, State, Subnet},
    subnets,
};
use crate::World;

/// The networks that every engine has.
const FIXED: [&str; 3] = ["bridge", "host", "none"];

/// The state of an engine after its installation.
pub(crate) fn fresh() -> State {
    let bridge: Option<IpNet> = "172.17.0.0/16".parse().ok(); // always a subnet
    let subnet = bridge.map(|net| Subnet { net, range: None, gateway: net.hosts().next() });
    let options = json!({
        "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
        "com.docker.network.bridge.enable_ip_masquerade": "true", "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
        "com.docker.network.bridge.name": "docker0", "com.docker.network.driver.mtu": "1500",
    });
    let network = |name: &str, driver: &str, digit: char, subnets: Vec<Subnet>, options: Value| Network {
        id: String::from(digit).repeat(64),
        name: name.to_owned(),
        created: Timestamp::now(),
        driver: driver.to_owned(),
        ipv6: false,
        internal: false,
        attachable: false,
        subnets,
        ipam_options: Value::Null,
        options,
        labels: json!({}),
        chosen: false,
    };
    let networks = vec![
        network("bridge", "bridge", 'b', subnet.into_iter().collect(), options),
        network("host", "host", 'e', Vec::new(), json!({})),
        network("none", "null", 'f', Vec::new(), json!({})),
    ];
    State { networks, ..State::default() }
}

const KNOWN: [&str; 13] = [
    "Attachable",
    "CheckDuplicate",
    "ConfigFrom",
    "ConfigOnly",
    "Driver",
    "EnableIPv4",
    "EnableIPv6",
    "IPAM",
    "Ingress",
    "Internal",
    "Labels",
    "Name",
    "Options",
];

/// `POST /networks/create`.
pub(crate) async fn create(world: &Arc<World>, mut call: Call) -> Answer {
    let checks = call.version >= (1, 44);
    let Some(body) = call.json().await? else { return Err(Failure::bad("got EOF while reading request body")) };
    let route = "POST /networks/create";
    fields::check(world, route, &body, &KNOWN)?;
    for key in ["ConfigOnly", "Ingress"] {
        if fields::switch(&body, key)? {
            return Err(Failure::unknown(world.recorder.unknown(format!("{route}: field {key}"))));
        }
    }
    if let Some(Value::Object(from)) = body.get("ConfigFrom") {
        fields::check(world, &format!("{route}: ConfigFrom"), from, &[])?;
    }
    let name = fields::text(&body, "Name")?.to_owned();
    if name.trim().is_empty() {
        return Err(Failure::internal(format!("invalid name: {name}")));
    }
    if FIXED.contains(&name.as_str()) || name == "default" {
        return Err(Failure::forbidden(format!("operation is not permitted on predefined {name} network ")));
    }
    let driver =
        Some(fields::text(&body, "Driver")?).filter(|driver| !driver.is_empty()).unwrap_or("bridge").to_owned();
    if driver != "bridge" {
        return Err(Failure::missing(format!("plugin \"{driver}\" not found")));
    }
    let ipam = fields::map(&body, "IPAM")?;
    fields::check(world, &format!("{route}: IPAM"), &ipam, &["Driver", "Options", "Config"])?;
    let asked = asked(world, &ipam)?;
    let ipv6 = fields::switch(&body, "EnableIPv6")?;
    let check = checks || fields::switch(&body, "CheckDuplicate")?;
    let map = |key: &str| fields::map(&body, key).map(Value::from);
    let (options, labels, internal, attachable) =
        (map("Options")?, map("Labels")?, fields::switch(&body, "Internal")?, fields::switch(&body, "Attachable")?);
    let mut state = world.engine.state();
    if check && state.networks.iter().any(|one| one.name == name) {
        return Err(Failure::conflict(format!("network with name {name} already exists")));
    }
    let subnets = planned(&state, asked.clone(), ipv6)?;
    let id = world.hex("network", 64);
    let ipam_options = ipam.get("Options").cloned().unwrap_or(Value::Null);
    let chosen = !asked.is_empty();
    let network = Network {
        id: id.clone(),
        name: name.clone(),
        created: Timestamp::now(),
        driver,
        ipv6,
        internal,
        attachable,
        subnets,
        ipam_options,
        options,
        labels,
        chosen,
    };
    state.networks.push(network);
    drop(state);
    tell(&world.engine.events, "create", &id, &name, None);
    Ok(reply::json_with(StatusCode::CREATED, &json!({ "Id": id, "Warning": "" })))
}

fn tell(events: &events::Events, action: &str, id: &str, name: &str, container: Option<&str>) {
    let mut attributes = Map::new();
    attributes.insert("name".to_owned(), name.into());
    attributes.insert("type".to_owned(), "bridge".into());
    attributes.extend(container.map(|container| ("container".to_owned(), container.into())));
    events.tell("network", action, id, attributes);
}

/// The subnets that are asked for.
fn asked(world: &World, ipam: &Map<String, Value>) -> Result<Vec<Subnet>, Failure> {
    let mut all = Vec::new();
    for one in ipam.get("Config").and_then(Value::as_array).into_iter().flatten() {
        let one = one.as_object().cloned().unwrap_or_default();
        fields::check(
            world,
            "POST /networks/create: IPAM.Config",
            &one,
            &["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses"],
        )?;
        let (subnet, range, gateway) =
            (fields::text(&one, "Subnet")?, fields::text(&one, "IPRange")?, fields::text(&one, "Gateway")?);
        if subnet.is_empty() {
            continue;
        }
        let invalid = |text: &str| Failure::bad(format!("invalid CIDR address: {text}"));
        let net: IpNet = subnet.parse().map_err(|_| invalid(subnet))?;
        let net = net.trunc();
        let range =
            if range.is_empty() { None } else { Some(range.parse::<IpNet>().map_err(|_| invalid(range))?.trunc()) };
        if range.is_some_and(|range| !net.contains(&range)) {
            return Err(Failure::bad("invalid IP range: it is not within the subnet"));
        }
        let gateway = match gateway {
            "" => None,
            text => Some(text.parse::<IpAddr>().map_err(|_| Failure::bad(format!("invalid gateway address: {text}")))?),
        };
        all.push(Subnet { net, range, gateway });
    }
    Ok(all)
}

/// The subnets that a network gets: those asked for, and one of IPv4 when none is.
fn planned(state: &State, mut asked: Vec<Subnet>, ipv6: bool) -> Result<Vec<Subnet>, Failure> {
    if asked.iter().any(|one| subnets::overlaps(&state.networks, &one.net)) {
        return Err(Failure::forbidden("Pool overlaps with other one on this address space"));
    }
    if ipv6 && !asked.iter().any(|one| one.net.network().is_ipv6()) {
        let text = "could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network";
        return Err(Failure::internal(text));
    }
    if !asked.iter().any(|one| one.net.network().is_ipv4()) {
        let none = || {
            Failure::missing(
                "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
            )
        };
        let mut free = subnets::free(&state.networks).ok_or_else(none)?;
        free.gateway = free.net.hosts().next();
        asked.insert(0, free);
    }
    for one in &mut asked {
        let first = one.net.hosts().find(|address| *address != one.net.network());
        one.gateway = one.gateway.or(first);
    }
    Ok(asked)
}

/// `GET /networks`.
pub(crate) fn list(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    let known = ["dangling", "driver", "id", "label", "name", "scope", "type"];
    if let Some((key, _)) = filters.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let state = world.engine.state();
    let fits = |one: &&Network| filters.iter().all(|(key, values)| has(&state, one, key, values));
    let all: Vec<Value> = state.networks.iter().filter(fits).map(|one| told(&state, one, false)).collect();
    Ok(reply::json(&all.into()))
}

fn has(state: &State, one: &Network, key: &str, values: &[String]) -> bool {
    let any = |fits: &dyn Fn(&str) -> bool| values.is_empty() || values.iter().any(|value| fits(value));
    match key {
        "name" => any(&|value| {
            one.name.contains(value) || regex::Regex::new(value).is_ok_and(|pattern| pattern.is_match(&one.name))
        }),
        "id" => any(&|value| one.id.starts_with(value)),
        "driver" => any(&|value| one.driver == value),
        "scope" => any(&|value| value == "local"),
        "type" => any(&|value| (value == "builtin") == FIXED.contains(&one.name.as_str())),
        "label" => values.iter().all(|wanted| match wanted.split_once('=') {
            Some((key, value)) => one.labels[key].as_str() == Some(value),
            None => one.labels.get(wanted).is_some(),
        }),
        _ => {
            let dangling = !FIXED.contains(&one.name.as_str()) && state.members(&one.id).next().is_none();
            any(&|value| matches!(value, "true" | "1") == dangling)
        }
    }
}

/// `GET /networks/{id}`.
pub(crate) fn inspect(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    if call.switch("verbose") {
        return Err(Failure::unknown(world.recorder.unknown("GET /networks/{id}: verbose")));
    }
    let state = world.engine.state();
    Ok(reply::json(&told(&state, state.network(id)?, true)))
}

fn told(state: &State, one: &Network, members: bool) -> Value {
    let mut containers = Map::new();
    for (container, place) in state.members(&one.id).filter(|_| members) {
        let length = |ipv4: bool| {
            one.subnets.iter().find(|one| one.net.network().is_ipv4() == ipv4).map_or(0, |one| one.net.prefix_len())
        };
        let text = |address: Option<IpAddr>| {
            address.map_or_else(String::new, |address| format!("{address}/{}", length(address.is_ipv4())))
        };
        let member = json!({
            "Name": container.name, "EndpointID": place.endpoint, "MacAddress": subnets::hardware(place.ipv4, place.ipv6),
            "IPv4Address": text(place.ipv4.map(IpAddr::from)), "IPv6Address": text(place.ipv6.map(IpAddr::from)),
        });
        containers.insert(container.id.clone(), member);
    }
    let config: Vec<Value> = one
        .subnets
        .iter()
        .map(|subnet| {
            let mut told = json!({ "Subnet": subnet.net.to_string() });
            if let Some(range) = subnet.range {
                told["IPRange"] = range.to_string().into();
            }
            if let Some(gateway) = subnet.gateway {
                told["Gateway"] = gateway.to_string().into();
            }
            told
        })
        .collect();
    json!({
        "Name": one.name, "Id": one.id, "Created": container::time(Some(one.created)), "Scope": "local", "Driver": one.driver,
        "EnableIPv6": one.ipv6, "IPAM": { "Driver": "default", "Options": one.ipam_options, "Config": config },
        "Internal": one.internal, "Attachable": one.attachable, "Ingress": false, "ConfigFrom": { "Network": "" }, "ConfigOnly": false,
        "Containers": containers, "Options": one.options, "Labels": one.labels,
    })
}

/// `DELETE /networks/{id}`.
pub(crate) fn remove(world: &Arc<World>, id: &str) -> Answer {
    let mut state = world.engine.state();
    let network = state.network(id)?.clone();
    if FIXED.contains(&network.name.as_str()) {
        return Err(Failure::forbidden(format!("{} is a pre-defined network and cannot be removed", network.name)));
    }
    if state.members(&network.id).next().is_some() {
        return Err(Failure::forbidden(format!(
            "error while removing network: network {} id {} has active endpoints",
            network.name, network.id
        )));
    }
    state.networks.retain(|one| one.id != network.id);
    tell(&world.engine.events, "destroy", &network.id, &network.name, None);
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// `POST /networks/prune`.
pub(crate) fn prune(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    if let Some((key, _)) = filters.iter().find(|(key, _)| key != "label") {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let mut state = world.engine.state();
    let unused = |one: &&Network| {
        let unused = !FIXED.contains(&one.name.as_str()) && state.members(&one.id).next().is_none();
        unused && filters.iter().all(|(key, values)| has(&state, one, key, values))
    };
    let gone: Vec<String> = state.networks.iter().filter(unused).map(|one| one.name.clone()).collect();
    state.networks.retain(|one| !gone.contains(&one.name));
    let gone = if gone.is_empty() { Value::Null } else { json!(gone) };
    Ok(reply::json(&json!({ "NetworksDeleted": gone })))
}

/// `POST /networks/{id}/connect`.
pub(crate) async fn connect(world: &Arc<World>, mut call: Call, id: &str) -> Answer {
    let body = call.json().await?.unwrap_or_default();
    let route = "POST /networks/{id}/connect";
    fields::check(world, route, &body, &["Container", "EndpointConfig"])?;
    let wanted = fields::text(&body, "Container")?.to_owned();
    let mut place = creation::place(&fields::map(&body, "EndpointConfig")?)?;
    let mut state = world.engine.state();
    let at = state.position(&wanted)?;
    let network = match state.network(id) {
        Ok(network) => network.clone(),
        // What does not run takes any name; whether there is such a network shows when it starts.
        Err(_) if !state.containers[at].is_running() => {
            state.containers[at].places.insert(id.to_owned(), place);
            return Ok(reply::status(StatusCode::OK));
        }
        Err(failure) => return Err(failure),
    };
    let one = &state.containers[at];
    if one.places.contains_key(&network.name) {
        let text = format!("endpoint with name {} already exists in network {}", one.name, network.name);
        return Err(Failure::forbidden(text));
    }
    if network.name == "host" || one.places.contains_key("host") {
        return Err(Failure::bad(
            "cannot connect container to host network or a container of the host network to another",
        ));
    }
    place.network.clone_from(&network.id);
    if one.is_running() {
        lifecycle::give_addresses(world, &state, &network, &mut place)?;
    }
    let container = one.id.clone();
    state.containers[at].places.insert(network.name.clone(), place);
    tell(&world.engine.events, "connect", &network.id, &network.name, Some(&container));
    Ok(reply::status(StatusCode::OK))
}

/// `POST /networks/{id}/disconnect`.
pub(crate) async fn disconnect(world: &Arc<World>, mut call: Call, id: &str) -> Answer {
    let body = call.json().await?.unwrap_or_default();
    fields::check(world, "POST /networks/{id}/disconnect", &body, &["Container", "Force"])?;
    let wanted = fields::text(&body, "Container")?.to_owned();
    let mut state = world.engine.state();
    let network = state.network(id)?.clone();
    let one = state.container_mut(&wanted)?;
    if one.places.remove(&network.name).is_none() {
        let text = format!("container {} is not connected to network {}", one.id, network.name);
        return Err(Failure::forbidden(text));
    }
    let container = one.id.clone();
    tell(&world.engine.events, "disconnect", &network.id, &network.name, Some(&container));
    Ok(reply::status(StatusCode::OK))
}

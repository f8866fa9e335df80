//! An engine filled with what a real one told: networks, images, volumes, containers.
//!
//! What runs in a container that was not made here is not known: commands, files and logs of it are answered with 501. Nodes of kind are the
//! exception, for their clusters are read too.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{
    files::Files,
    image::Image,
    log::Log,
    reply::Failure,
    state::{Container, Mount, Network, Place, State, Status, Subnet, Turns, Volume},
};
use crate::{
    World,
    kube::object::text,
    node::{self, CLUSTER, ROLE},
    start::{ContainerStart, EngineStart},
};

/// The state of an engine that has what was told.
pub(super) fn state(start: &EngineStart) -> State {
    let images = start.images.iter().map(Image::of_engine).map(|image| (image.id.clone(), image)).collect();
    let volumes = start.volumes.iter().map(volume).map(|volume| (volume.name.clone(), volume)).collect();
    State {
        networks: start.networks.iter().map(network).collect(),
        images,
        volumes,
        containers: start.containers.iter().map(container).collect(),
        ..State::default()
    }
}

/// Refuse what cannot be known of a container that was not made here.
///
/// # Errors
/// 501, recorded.
pub(crate) fn known(world: &World, wanted: &str, act: &str) -> Result<(), Failure> {
    let state = world.engine.state();
    let Ok(one) = state.container(wanted) else { return Ok(()) }; // whoever is asked says that there is none
    if !one.found {
        return Ok(());
    }
    let name = &one.name;
    let what = match (one.label(CLUSTER).and_then(|cluster| world.unread(cluster)), one.is_node()) {
        (Some(reason), true) => {
            format!("{act} of container {name}: the state of its cluster could not be read ({reason})")
        }
        (None, true) if act != "the log" => return Ok(()),
        _ => format!("{act} of container {name}, which is not of the simulation"),
    };
    drop(state);
    Err(Failure::unknown(world.recorder.unknown(what)))
}

fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    // What has not happened is the year 1.
    text(value, pointer).parse().ok().filter(|time: &Timestamp| time.as_second() > 0)
}

fn map(value: &Value, pointer: &str) -> Map<String, Value> {
    value.pointer(pointer).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn switch(value: &Value, key: &str) -> bool {
    value[key] == true
}

fn network(told: &Value) -> Network {
    Network {
        id: text(told, "/Id").to_owned(),
        name: text(told, "/Name").to_owned(),
        created: time(told, "/Created").unwrap_or_default(),
        driver: text(told, "/Driver").to_owned(),
        ipv6: switch(told, "EnableIPv6"),
        internal: switch(told, "Internal"),
        attachable: switch(told, "Attachable"),
        subnets: told
            .pointer("/IPAM/Config")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(subnet)
            .collect(),
        ipam_options: told.pointer("/IPAM/Options").cloned().unwrap_or(Value::Null),
        options: map(told, "/Options").into(),
        labels: map(told, "/Labels").into(),
        // Whether somebody chose the subnets is not told; who asks for an address knows why.
        chosen: true,
    }
}

fn subnet(told: &Value) -> Option<Subnet> {
    let net: IpNet = text(told, "/Subnet").parse().ok()?; // one without is none
    let gateway = text(told, "/Gateway").split('/').next().and_then(|one| one.parse().ok());
    let first = net.hosts().find(|address| *address != net.network());
    Some(Subnet { net: net.trunc(), range: text(told, "/IPRange").parse().ok(), gateway: gateway.or(first) })
}

fn volume(told: &Value) -> Volume {
    let name = text(told, "/Name").to_owned();
    Volume {
        created: time(told, "/CreatedAt").unwrap_or_default(),
        options: told["Options"].clone(),
        labels: told["Labels"].clone(),
        anonymous: name.len() == 64,
        name,
    }
}

fn container(start: &ContainerStart) -> Container {
    let told = &start.told;
    let status = match text(told, "/State/Status") {
        "running" | "restarting" => Status::Running,
        "paused" => Status::Paused,
        "created" => Status::Created,
        _ => Status::Exited,
    };
    let runs = matches!(status, Status::Running | Status::Paused);
    let (turns, code) = (watch::Sender::<Turns>::default(), told["State"]["ExitCode"].as_i64().unwrap_or_default());
    turns.send_modify(|turns| (turns.running, turns.code) = (runs, code));
    let argv = std::iter::once(text(told, "/Path").to_owned()).chain(super::state::texts(told.get("Args")));
    let mut one = Container {
        id: text(told, "/Id").to_owned(),
        name: text(told, "/Name").trim_start_matches('/').to_owned(),
        created: time(told, "/Created").unwrap_or_default(),
        config: map(told, "/Config"),
        host_config: map(told, "/HostConfig"),
        image: text(told, "/Image").to_owned(),
        argv: argv.collect(),
        status,
        pid: told["State"]["Pid"].as_u64().and_then(|pid| pid.try_into().ok()).unwrap_or_default(),
        exit_code: code,
        error: text(told, "/State/Error").to_owned(),
        started: time(told, "/State/StartedAt"),
        finished: time(told, "/State/FinishedAt").filter(|_| !runs),
        places: map(told, "/NetworkSettings/Networks").iter().map(|(name, told)| (name.clone(), place(told))).collect(),
        mounts: told["Mounts"].as_array().into_iter().flatten().map(mount).collect(),
        files: Files::default(),
        log: Arc::new(Log::default()),
        ports: map(told, "/NetworkSettings/Ports").iter().flat_map(|(port, bindings)| ports(port, bindings)).collect(),
        node_images: start.images.clone(),
        cluster: None,
        stop: tokio_util::sync::CancellationToken::new(),
        tasks: Vec::new(),
        turns,
        input: None,
        found: true,
    };
    if one.is_node() {
        let version = start.files.get("/kind/version").map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
        one.files = node::image::files(version.as_deref().unwrap_or(node::image::VERSION));
    }
    start.files.iter().for_each(|(path, bytes)| one.files.write(path, bytes.clone()));
    one
}

fn place(told: &Value) -> Place {
    Place {
        network: text(told, "/NetworkID").to_owned(),
        wanted_ipv4: address(told, "/IPAMConfig/IPv4Address"),
        wanted_ipv6: address(told, "/IPAMConfig/IPv6Address"),
        aliases: super::state::texts(told.get("Aliases")).into_iter().filter(|one| !is_identifier(one)).collect(),
        links: told["Links"].clone(),
        driver_options: told["DriverOpts"].clone(),
        endpoint: text(told, "/EndpointID").to_owned(),
        ipv4: address(told, "/IPAddress"),
        ipv6: address(told, "/GlobalIPv6Address"),
    }
}

fn address<A: FromStr>(told: &Value, pointer: &str) -> Option<A> {
    text(told, pointer).parse().ok() // an empty one is none
}

/// The engine itself adds the beginning of a container's identifier.
fn is_identifier(alias: &str) -> bool {
    alias.len() == 12 && alias.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn mount(told: &Value) -> Mount {
    let owned = |pointer: &str| text(told, pointer).to_owned();
    Mount {
        kind: owned("/Type"),
        volume: told["Name"].as_str().map(str::to_owned),
        source: owned("/Source"),
        target: owned("/Destination"),
        mode: owned("/Mode"),
        writable: switch(told, "RW"),
        propagation: owned("/Propagation"),
    }
}

fn ports(port: &str, bindings: &Value) -> Vec<(String, IpAddr, u16)> {
    let one = |binding: &Value| {
        let address = text(binding, "/HostIp").parse().ok()?; // one that is none is not told
        Some((port.to_owned(), address, text(binding, "/HostPort").parse().ok()?)) // the same
    };
    bindings.as_array().into_iter().flatten().filter_map(one).collect()
}

impl Container {
    /// Whether it is a node of kind, or the load balancer of a cluster of kind.
    pub fn is_node(&self) -> bool {
        self.label(CLUSTER).is_some() && self.label(ROLE).is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_loaded_is_told_again() {
        let told = json!({
            "Id": "a".repeat(64), "Name": "/east-control-plane", "Created": "2024-01-02T03:04:05.000000001Z",
            "Path": "/usr/local/bin/entrypoint", "Args": ["/sbin/init"], "Image": format!("sha256:{}", "1".repeat(64)),
            "State": { "Status": "running", "Pid": 17, "ExitCode": 0, "StartedAt": "2024-01-02T03:04:06Z", "FinishedAt": "0001-01-01T00:00:00Z" },
            "Config": { "Image": "kindest/node:v1.27.3", "Labels": { CLUSTER: "east", ROLE: "control-plane" } },
            "HostConfig": { "Privileged": true },
            "NetworkSettings": {
                "Ports": { "6443/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "34567" }] },
                "Networks": { "kind": { "NetworkID": "n", "IPAddress": "172.18.0.2", "GlobalIPv6Address": "", "Aliases": ["aaaaaaaaaaaa", "east"] } },
            },
        });
        let network = json!({
            "Id": "n", "Name": "kind", "Driver": "bridge", "EnableIPv6": true,
            "IPAM": { "Config": [{ "Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1" }, { "Subnet": "fc00:1::/64" }] },
        });
        let containers = vec![ContainerStart { told, ..ContainerStart::default() }];
        let state = state(&EngineStart { networks: vec![network], containers, ..EngineStart::default() });
        let one = &state.containers[0];
        let inspected = super::super::container::inspect(&state, one);
        assert_eq!(inspected["NetworkSettings"]["Networks"]["kind"]["IPAddress"], "172.18.0.2");
        assert_eq!(inspected["NetworkSettings"]["Ports"]["6443/tcp"][0]["HostPort"], "34567");
        assert_eq!(one.places["kind"].aliases, ["east"]);
        assert!(one.files.read("/kind/version").is_some());
        assert_eq!(state.networks[0].subnets[1].gateway, Some("fc00:1::1".parse().unwrap()));
        assert_eq!(state.at("172.18.0.2".parse().unwrap()).unwrap().name, "east-control-plane");
    }
}

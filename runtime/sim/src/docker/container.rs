//! What the engine tells about a container.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    state::{Container, Mount, Network, Place, State, Status},
    subnets,
};

/// A port of a container with its protocol: `6443/tcp`, and `6443` for TCP.
pub(crate) fn read_port(text: &str) -> Option<(u16, &str)> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let known = matches!(protocol, "tcp" | "udp" | "sctp");
    port.parse().ok().filter(|port| known && *port > 0).map(|port| (port, protocol))
}

/// A time as the engine writes it; one that has not come is the year 1.
pub(crate) fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |time| format!("{time:.9}"))
}

/// What containers that are not privileged do not see of the kernel.
const MASKED: [&str; 10] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];
/// What they cannot change.
const READONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Where the engine keeps the files of what has this identifier.
pub(crate) fn layers(id: &str) -> Value {
    let folder = format!("/var/lib/docker/overlay2/{}", id.trim_start_matches("sha256:"));
    json!({
        "LowerDir": format!("{folder}-init/diff"), "MergedDir": format!("{folder}/merged"), "UpperDir": format!("{folder}/diff"),
        "WorkDir": format!("{folder}/work"),
    })
}

/// `GET /containers/{id}/json`.
pub(crate) fn inspect(state: &State, one: &Container) -> Value {
    let execs: Vec<&String> =
        state.execs.values().filter(|exec| exec.container == one.id && exec.running).map(|exec| &exec.id).collect();
    let folder = format!("/var/lib/docker/containers/{}", one.id);
    json!({
        "Id": one.id, "Created": time(Some(one.created)),
        "Path": one.argv.first(), "Args": one.argv.get(1..).unwrap_or_default(),
        "State": {
            "Status": one.status.word(), "Running": one.is_running(), "Paused": one.status == Status::Paused, "Restarting": false,
            "OOMKilled": false, "Dead": false, "Pid": one.pid, "ExitCode": one.exit_code, "Error": one.error,
            "StartedAt": time(one.started), "FinishedAt": time(one.finished),
        },
        "Image": one.image,
        "ResolvConfPath": format!("{folder}/resolv.conf"), "HostnamePath": format!("{folder}/hostname"),
        "HostsPath": format!("{folder}/hosts"), "LogPath": format!("{folder}/{}-json.log", one.id),
        "Name": format!("/{}", one.name), "RestartCount": 0, "Driver": "overlay2", "Platform": "linux",
        "MountLabel": "", "ProcessLabel": "", "AppArmorProfile": "",
        "ExecIDs": if execs.is_empty() { Value::Null } else { json!(execs) },
        "HostConfig": host_config(one),
        "GraphDriver": { "Name": "overlay2", "Data": layers(&one.id) },
        "Mounts": one.mounts.iter().map(mount).collect::<Vec<Value>>(),
        "Config": config(one),
        "NetworkSettings": network_settings(state, one),
    })
}

/// What is mounted, as told.
fn mount(one: &Mount) -> Value {
    let mut told = json!({
        "Type": one.kind, "Source": one.source, "Destination": one.target, "Mode": one.mode, "RW": one.writable, "Propagation": one.propagation,
    });
    if let Some(volume) = &one.volume {
        told["Name"] = volume.as_str().into();
        told["Driver"] = "local".into();
    }
    told
}

/// The name that a container has within: the one that was asked for, or the beginning of its identifier.
pub(crate) fn host_name(one: &Container) -> String {
    let asked = one.config.get("Hostname").and_then(Value::as_str).filter(|name| !name.is_empty());
    asked.map_or_else(|| one.id[..12].to_owned(), str::to_owned)
}

fn config(one: &Container) -> Value {
    let mut config = json!({
        "Domainname": "", "User": "", "AttachStdin": false, "AttachStdout": false, "AttachStderr": false,
        "Tty": false, "OpenStdin": false, "StdinOnce": false, "Cmd": null, "WorkingDir": "", "OnBuild": null,
    });
    overlay(&mut config, &one.config);
    config["Hostname"] = host_name(one).into();
    for key in ["Volumes", "ExposedPorts"] {
        if config[key].as_object().is_none_or(Map::is_empty) {
            match key {
                "Volumes" => config[key] = Value::Null,
                _ => _ = config.as_object_mut().and_then(|map| map.remove(key)),
            }
        }
    }
    config
}

fn host_config(one: &Container) -> Value {
    let mut host = json!({
        "Binds": null, "ContainerIDFile": "", "LogConfig": { "Type": "json-file", "Config": {} }, "NetworkMode": "default", "PortBindings": {},
        "RestartPolicy": { "Name": "no", "MaximumRetryCount": 0 }, "AutoRemove": false, "VolumeDriver": "", "VolumesFrom": null,
        "CapAdd": null, "CapDrop": null, "CgroupnsMode": "host", "Dns": [], "DnsOptions": [], "DnsSearch": [], "ExtraHosts": null, "GroupAdd": null,
        "IpcMode": "private", "Cgroup": "", "Links": null, "OomScoreAdj": 0, "PidMode": "", "Privileged": false, "PublishAllPorts": false,
        "ReadonlyRootfs": false, "SecurityOpt": null, "UTSMode": "", "UsernsMode": "", "ShmSize": 67_108_864, "Runtime": "runc",
        "ConsoleSize": [0, 0], "Isolation": "", "CpuShares": 0, "Memory": 0, "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0,
        "BlkioWeightDevice": [], "BlkioDeviceReadBps": null, "BlkioDeviceWriteBps": null, "BlkioDeviceReadIOps": null, "BlkioDeviceWriteIOps": null,
        "CpuPeriod": 0, "CpuQuota": 0, "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "", "Devices": [],
        "DeviceCgroupRules": null, "DeviceRequests": null, "MemoryReservation": 0, "MemorySwap": 0, "MemorySwappiness": null,
        "OomKillDisable": false, "PidsLimit": null, "Ulimits": null, "CpuCount": 0, "CpuPercent": 0, "IOMaximumIOps": 0, "IOMaximumBandwidth": 0,
    });
    overlay(&mut host, &one.host_config);
    if host["RestartPolicy"]["Name"] == "" {
        host["RestartPolicy"]["Name"] = "no".into();
    }
    for (key, paths) in [("MaskedPaths", &MASKED[..]), ("ReadonlyPaths", &READONLY[..])] {
        if one.host_config.get("Privileged") == Some(&Value::Bool(true)) {
            host[key] = Value::Null;
        } else if host[key].is_null() {
            host[key] = json!(paths);
        }
    }
    host
}

/// Put what was asked for over what holds otherwise; what says nothing changes nothing.
fn overlay(base: &mut Value, asked: &Map<String, Value>) {
    for (key, value) in asked {
        let says_nothing = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Bool(_) => false,
        };
        if !says_nothing || base.get(key).is_none() {
            base[key] = value.clone();
        }
    }
}

/// The ports as `inspect` tells them: what is exposed, and where it leads from.
fn ports(one: &Container) -> Value {
    let mut all = Map::new();
    if !one.is_running() {
        return all.into();
    }
    for key in one.config.get("ExposedPorts").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key) {
        all.insert(normal(key), Value::Null);
    }
    for (port, address, host) in &one.ports {
        let binding = json!({ "HostIp": address.to_string(), "HostPort": host.to_string() });
        match all.get_mut(port).and_then(Value::as_array_mut) {
            Some(list) => list.push(binding),
            None => _ = all.insert(port.clone(), json!([binding])),
        }
    }
    all.into()
}

fn normal(port: &str) -> String {
    if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") }
}

/// The ports as lists tell them.
pub(crate) fn listed_ports(one: &Container) -> Vec<Value> {
    let told = ports(one);
    let mut all = Vec::new();
    for (key, bindings) in told.as_object().into_iter().flatten() {
        let Some((port, protocol)) = read_port(key) else { continue };
        match bindings.as_array() {
            None => all.push(json!({ "PrivatePort": port, "Type": protocol })),
            Some(bindings) => all.extend(bindings.iter().map(|binding| {
                let host: u16 = binding["HostPort"].as_str().and_then(|port| port.parse().ok()).unwrap_or_default();
                json!({ "IP": binding["HostIp"], "PrivatePort": port, "PublicPort": host, "Type": protocol })
            })),
        }
    }
    all
}

/// Its networks, as told.
pub(crate) fn networks(state: &State, one: &Container) -> Value {
    let all = one.places.iter().map(|(name, place)| (name.clone(), endpoint(state, one, name, place)));
    all.collect::<Map<String, Value>>().into()
}

fn endpoint(state: &State, one: &Container, name: &str, place: &Place) -> Value {
    let network = state.networks.iter().find(|network| network.id == place.network || network.name == name);
    let asked = match (place.wanted_ipv4, place.wanted_ipv6) {
        (None, None) => Value::Null,
        (ipv4, ipv6) => {
            let both =
                [("IPv4Address", ipv4.map(|one| one.to_string())), ("IPv6Address", ipv6.map(|one| one.to_string()))];
            both.into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?.into())))
                .collect::<Map<String, Value>>()
                .into()
        }
    };
    let runs = one.is_running();
    let length = |ipv4: bool| network.map_or(0, |network| prefix(network, ipv4));
    let gateway =
        |ipv4: bool| network.and_then(|network| gateway(network, ipv4)).map_or_else(String::new, |one| one.to_string());
    let mut aliases = place.aliases.clone();
    let own = network.is_some_and(|network| !matches!(network.name.as_str(), "bridge" | "host" | "none"));
    if own && (runs || one.finished.is_some()) {
        aliases.push(one.id[..12].to_owned());
    }
    json!({
        "IPAMConfig": asked, "Links": place.links, "Aliases": if aliases.is_empty() { Value::Null } else { json!(aliases) },
        "NetworkID": if runs || !place.network.is_empty() { network.map(|network| network.id.as_str()).unwrap_or_default() } else { "" },
        "EndpointID": if runs { place.endpoint.as_str() } else { "" },
        "Gateway": if runs && place.ipv4.is_some() { gateway(true) } else { String::new() },
        "IPAddress": text(place.ipv4.filter(|_| runs)), "IPPrefixLen": if runs && place.ipv4.is_some() { length(true) } else { 0 },
        "IPv6Gateway": if runs && place.ipv6.is_some() { gateway(false) } else { String::new() },
        "GlobalIPv6Address": text(place.ipv6.filter(|_| runs)), "GlobalIPv6PrefixLen": if runs && place.ipv6.is_some() { length(false) } else { 0 },
        "MacAddress": if runs { subnets::hardware(place.ipv4, place.ipv6) } else { String::new() },
        "DriverOpts": place.driver_options,
    })
}

fn text(address: Option<impl std::fmt::Display>) -> String {
    address.map_or_else(String::new, |address| address.to_string())
}

fn prefix(network: &Network, ipv4: bool) -> u8 {
    let subnet = network.subnets.iter().find(|one| one.net.network().is_ipv4() == ipv4);
    subnet.map_or(0, |subnet| subnet.net.prefix_len())
}

fn gateway(network: &Network, ipv4: bool) -> Option<IpAddr> {
    network.subnets.iter().find(|one| one.net.network().is_ipv4() == ipv4)?.gateway
}

fn network_settings(state: &State, one: &Container) -> Value {
    let networks = networks(state, one);
    // The fields of the default network are told a second time, outside.
    let bridge = networks["bridge"].clone();
    let field = |key: &str, otherwise: Value| bridge.get(key).cloned().unwrap_or(otherwise);
    let sandbox = if one.is_running() { one.id.chars().rev().collect::<String>() } else { String::new() };
    let key = if one.is_running() { format!("/var/run/docker/netns/{}", &sandbox[..12]) } else { String::new() };
    json!({
        "Bridge": "", "SandboxID": sandbox, "HairpinMode": false, "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0,
        "Ports": ports(one), "SandboxKey": key, "SecondaryIPAddresses": null, "SecondaryIPv6Addresses": null,
        "EndpointID": field("EndpointID", "".into()), "Gateway": field("Gateway", "".into()),
        "GlobalIPv6Address": field("GlobalIPv6Address", "".into()), "GlobalIPv6PrefixLen": field("GlobalIPv6PrefixLen", 0.into()),
        "IPAddress": field("IPAddress", "".into()), "IPPrefixLen": field("IPPrefixLen", 0.into()),
        "IPv6Gateway": field("IPv6Gateway", "".into()), "MacAddress": field("MacAddress", "".into()),
        "Networks": networks,
    })
}

/// How a container is, in the words of `docker ps`.
pub(crate) fn status(one: &Container) -> String {
    let since = |time: Option<Timestamp>| words(time.map_or(0, |time| Timestamp::now().as_second() - time.as_second()));
    match one.status {
        Status::Created => "Created".to_owned(),
        Status::Running => format!("Up {}", since(one.started)),
        Status::Paused => format!("Up {} (Paused)", since(one.started)),
        Status::Exited => format!("Exited ({}) {} ago", one.exit_code, since(one.finished)),
    }
}

/// A duration in words.
fn words(seconds: i64) -> String {
    match seconds {
        ..1 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..3600 => format!("{} minutes", seconds / 60),
        3600..7200 => "About an hour".to_owned(),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_durations_are_read_and_told_as_the_engine_does() {
        assert_eq!(read_port("6443/tcp"), Some((6443, "tcp")));
        assert_eq!(read_port("53"), Some((53, "tcp")));
        assert_eq!(read_port("0/tcp"), None);
        assert_eq!(read_port("80/http"), None);
        assert_eq!(
            (words(0), words(59), words(61)),
            ("Less than a second".into(), "59 seconds".into(), "About a minute".into())
        );
        assert_eq!(time(None), "0001-01-01T00:00:00Z");
    }
}

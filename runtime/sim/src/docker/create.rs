//! Creating a container.

use std::{collections::BTreeMap, sync::Arc};

use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{
    call::Call,
    container, fields,
    image::Image,
    images,
    log::Log,
    reply::{self, Answer, Failure},
    state::{Container, Mount, Place, State, Status, Volume, texts},
};
use crate::World;

const CONFIG: [&str; 22] = [
    "ArgsEscaped",
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "Domainname",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Hostname",
    "Image",
    "Labels",
    "MacAddress",
    "OpenStdin",
    "Shell",
    "StdinOnce",
    "StopSignal",
    "StopTimeout",
    "Tty",
    "User",
    "WorkingDir",
];
const MORE_CONFIG: [&str; 5] = ["Volumes", "NetworkDisabled", "OnBuild", "HostConfig", "NetworkingConfig"];

/// Fields of `HostConfig` that are kept and shown.
const HOST_CONFIG: [&str; 66] = [
    "Annotations",
    "AutoRemove",
    "Binds",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeight",
    "BlkioWeightDevice",
    "CapAdd",
    "CapDrop",
    "Cgroup",
    "CgroupParent",
    "CgroupnsMode",
    "ConsoleSize",
    "ContainerIDFile",
    "CpuCount",
    "CpuPercent",
    "CpuPeriod",
    "CpuQuota",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "CpuShares",
    "CpusetCpus",
    "CpusetMems",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "GroupAdd",
    "IOMaximumBandwidth",
    "IOMaximumIOps",
    "Init",
    "IpcMode",
    "Isolation",
    "KernelMemory",
    "KernelMemoryTCP",
    "Links",
    "LogConfig",
    "MaskedPaths",
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "MemorySwappiness",
    "Mounts",
    "NanoCpus",
    "NetworkMode",
    "OomKillDisable",
    "OomScoreAdj",
    "PidMode",
    "PidsLimit",
    "PortBindings",
    "Privileged",
    "PublishAllPorts",
    "ReadonlyPaths",
    "ReadonlyRootfs",
    "RestartPolicy",
    "Runtime",
    "SecurityOpt",
    "ShmSize",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
];
const MORE_HOST_CONFIG: [&str; 5] = ["UTSMode", "Ulimits", "UsernsMode", "VolumeDriver", "VolumesFrom"];

const ENDPOINT: [&str; 17] = [
    "Aliases",
    "DNSNames",
    "DriverOpts",
    "EndpointID",
    "Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "GwPriority",
    "IPAMConfig",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "Links",
    "MacAddress",
    "NetworkID",
    "DNSNames",
    "GwPriority",
];

/// `POST /containers/create`.
pub(crate) async fn create(world: &Arc<World>, mut call: Call) -> Answer {
    let name = call.query("name").unwrap_or_default().trim_start_matches('/').to_owned();
    let route = "POST /containers/create";
    if let Some(body) = call.json().await? {
        let known: Vec<&str> = CONFIG.into_iter().chain(MORE_CONFIG).collect();
        fields::check(world, route, &body, &known)?;
        let made = plan(world, &name, body)?;
        let container = insert(world, made)?;
        return Ok(reply::json_with(StatusCode::CREATED, &json!({ "Id": container, "Warnings": [] })));
    }
    Err(Failure::bad("Config cannot be empty in order to create a container"))
}

/// What a container shall be.
struct Plan {
    name: String,
    config: Map<String, Value>,
    host_config: Map<String, Value>,
    places: BTreeMap<String, Place>,
}

fn plan(world: &World, name: &str, mut body: Map<String, Value>) -> Result<Plan, Failure> {
    let route = "POST /containers/create";
    if !name.is_empty() && !valid_name(name) {
        let text = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        return Err(Failure::bad(text));
    }
    let host_config = fields::map(&body, "HostConfig")?;
    let known: Vec<&str> = HOST_CONFIG.into_iter().chain(MORE_HOST_CONFIG).collect();
    fields::check(world, &format!("{route}: HostConfig"), &host_config, &known)?;
    let networking = fields::map(&body, "NetworkingConfig")?;
    fields::check(world, &format!("{route}: NetworkingConfig"), &networking, &["EndpointsConfig"])?;
    let endpoints = fields::map(&networking, "EndpointsConfig")?;
    body.remove("HostConfig");
    body.remove("NetworkingConfig");
    for key in ["Image", "Hostname", "User", "WorkingDir", "StopSignal"] {
        fields::text(&body, key)?;
    }
    for key in ["Tty", "OpenStdin", "AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"] {
        fields::switch(&body, key)?;
    }
    for key in ["Env", "Cmd", "Entrypoint"] {
        fields::texts(&body, key)?;
    }
    let mut places = BTreeMap::new();
    for (network, given) in endpoints {
        let given = given.as_object().cloned().unwrap_or_default();
        fields::check(world, &format!("{route}: EndpointsConfig"), &given, &ENDPOINT)?;
        let network = if network == "default" { "bridge".to_owned() } else { network };
        places.insert(network, place(&given)?);
    }
    check_host(&host_config)?;
    let mode = fields::text(&host_config, "NetworkMode")?;
    let network = if matches!(mode, "" | "default") { "bridge" } else { mode };
    if network.starts_with("container:") {
        return Err(Failure::unknown(world.recorder.unknown(format!("{route}: NetworkMode container:"))));
    }
    places.entry(network.to_owned()).or_default();
    Ok(Plan { name: name.to_owned(), config: body, host_config, places })
}

/// What a client asks for of a place in a network.
pub(crate) fn place(given: &Map<String, Value>) -> Result<Place, Failure> {
    let ipam = fields::map(given, "IPAMConfig")?;
    let invalid = |text: &str| Failure::bad(format!("invalid IP address: {text}"));
    let (ipv4, ipv6) = (fields::text(&ipam, "IPv4Address")?, fields::text(&ipam, "IPv6Address")?);
    let wanted_ipv4 = if ipv4.is_empty() { None } else { Some(ipv4.parse().map_err(|_| invalid(ipv4))?) };
    let wanted_ipv6 = if ipv6.is_empty() { None } else { Some(ipv6.parse().map_err(|_| invalid(ipv6))?) };
    let field = |key: &str| given.get(key).cloned().unwrap_or(Value::Null);
    let aliases = fields::texts(given, "Aliases")?;
    Ok(Place {
        wanted_ipv4,
        wanted_ipv6,
        aliases,
        links: field("Links"),
        driver_options: field("DriverOpts"),
        ..Place::default()
    })
}

fn valid_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    name.len() > 1 && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric()) && name.bytes().all(inner)
}

/// What the engine refuses at once.
fn check_host(host: &Map<String, Value>) -> Result<(), Failure> {
    let restart = fields::map(host, "RestartPolicy")?;
    let (policy, count) =
        (fields::text(&restart, "Name")?, restart.get("MaximumRetryCount").and_then(Value::as_i64).unwrap_or(0));
    match policy {
        "always" | "unless-stopped" | "no" if count != 0 => {
            Err(Failure::bad(format!("maximum retry count cannot be used with restart policy '{policy}'")))
        }
        "" | "no" | "always" | "unless-stopped" | "on-failure" => Ok(()),
        other => Err(Failure::bad(format!("invalid restart policy '{other}'"))),
    }?;
    for (port, bindings) in fields::map(host, "PortBindings")? {
        container::read_port(&port).ok_or_else(|| Failure::bad(format!("invalid port specification: \"{port}\"")))?;
        for binding in bindings.as_array().into_iter().flatten() {
            let wanted = binding["HostPort"].as_str().unwrap_or_default();
            if !wanted.is_empty() && wanted.parse::<u16>().is_err() {
                return Err(Failure::bad(format!("invalid port specification: \"{wanted}\"")));
            }
        }
    }
    if fields::switch(host, "AutoRemove")? && !matches!(policy, "" | "no") {
        return Err(Failure::bad("can't create 'AutoRemove' container with restart policy"));
    }
    Ok(())
}

fn insert(world: &Arc<World>, plan: Plan) -> Result<String, Failure> {
    let mut state = world.engine.state();
    let wanted = plan.config.get("Image").and_then(Value::as_str).unwrap_or_default().to_owned();
    if wanted.is_empty() {
        return Err(Failure::bad("no image is named"));
    }
    let image = images::find(&state, &wanted)?.clone();
    if let Some(holder) = state.containers.iter().find(|one| one.name == plan.name) {
        return Err(Failure::conflict(format!(
            "Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
            plan.name, holder.id
        )));
    }
    let config = merged(plan.config, &image);
    let argv: Vec<String> = texts(config.get("Entrypoint")).into_iter().chain(texts(config.get("Cmd"))).collect();
    if argv.is_empty() {
        if image.pulled {
            let text = world.recorder.unknown(format!("what image {wanted} runs when no command is given"));
            return Err(Failure::unknown(text));
        }
        return Err(Failure::bad("No command specified"));
    }
    let id = world.hex("container", 64);
    let name = if plan.name.is_empty() { format!("{}_{}", "simulated", &id[..8]) } else { plan.name };
    let mounts = mounts(world, &mut state, &config, &plan.host_config)?;
    let container = Container {
        id: id.clone(),
        name,
        created: jiff::Timestamp::now(),
        host_config: plan.host_config,
        image: image.id.clone(),
        argv,
        status: Status::Created,
        pid: 0,
        exit_code: 0,
        error: String::new(),
        started: None,
        finished: None,
        places: plan.places,
        mounts,
        files: image.files.clone(),
        log: Arc::new(Log::default()),
        ports: Vec::new(),
        node_images: BTreeMap::new(),
        cluster: None,
        stop: tokio_util::sync::CancellationToken::new(),
        tasks: Vec::new(),
        turns: watch::Sender::default(),
        input: None,
        found: false,
        config,
    };
    world.engine.events.container(&container, "create");
    state.containers.push(container);
    Ok(id)
}

/// What was asked for, over what the image has.
fn merged(mut config: Map<String, Value>, image: &Image) -> Map<String, Value> {
    let of_image = image.config();
    let is_set = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    if !is_set(config.get("Entrypoint")) {
        config.insert("Entrypoint".to_owned(), of_image["Entrypoint"].clone());
        if texts(config.get("Cmd")).is_empty() {
            config.insert("Cmd".to_owned(), of_image["Cmd"].clone());
        }
    } else if texts(config.get("Entrypoint")) == [""] {
        config.insert("Entrypoint".to_owned(), Value::Null);
    }
    for key in ["Entrypoint", "Cmd"] {
        let list = texts(config.get(key));
        config.insert(key.to_owned(), if list.is_empty() { Value::Null } else { json!(list) });
    }
    for key in ["WorkingDir", "User", "StopSignal"] {
        let empty = config.get(key).and_then(Value::as_str).is_none_or(str::is_empty);
        if empty && is_set(of_image.get(key)) {
            config.insert(key.to_owned(), of_image[key].clone());
        }
    }
    let name = |variable: &String| variable.split('=').next().unwrap_or_default().to_owned();
    let own = texts(config.get("Env"));
    let mut env: Vec<String> = own.iter().filter(|one| one.contains('=')).cloned().collect();
    let more = texts(of_image.get("Env")).into_iter().filter(|one| !own.iter().any(|other| name(other) == name(one)));
    env.extend(more);
    config.insert("Env".to_owned(), json!(env));
    for key in ["Labels", "ExposedPorts", "Volumes"] {
        let mut map = of_image[key].as_object().cloned().unwrap_or_default();
        map.extend(config.get(key).and_then(Value::as_object).cloned().unwrap_or_default());
        config.insert(key.to_owned(), map.into());
    }
    config
}

/// What is mounted; volumes without names are made here.
fn mounts(
    world: &World,
    state: &mut State,
    config: &Map<String, Value>,
    host: &Map<String, Value>,
) -> Result<Vec<Mount>, Failure> {
    let mut all: Vec<Mount> = Vec::new();
    for bind in fields::texts(host, "Binds")? {
        all.push(bound(&bind)?);
    }
    for given in host.get("Mounts").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| given[key].as_str().unwrap_or_default().to_owned();
        let target = text("Target");
        if !target.starts_with('/') {
            return Err(Failure::bad(format!(
                "invalid mount config for type \"{}\": field Target must not be empty",
                text("Type")
            )));
        }
        let source = text("Source");
        let volume = (text("Type") == "volume")
            .then(|| if source.is_empty() { world.hex("volume", 64) } else { source.clone() });
        let source = volume.as_deref().map_or(source, place_of);
        let writable = given["ReadOnly"] != true;
        let mode = if text("Type") == "volume" { "z".to_owned() } else { String::new() };
        all.push(Mount { kind: text("Type"), volume, source, target, mode, writable, propagation: String::new() });
    }
    for (target, _) in fields::map(config, "Volumes")? {
        if all.iter().any(|one| one.target == target) {
            continue;
        }
        let volume = world.hex("volume", 64);
        let source = place_of(&volume);
        let (kind, mode, propagation) = ("volume".to_owned(), String::new(), String::new());
        all.push(Mount { kind, volume: Some(volume), source, target, mode, writable: true, propagation });
    }
    for name in all.iter().filter_map(|one| one.volume.clone()) {
        let anonymous = name.len() == 64;
        let volume = || Volume {
            name: name.clone(),
            created: jiff::Timestamp::now(),
            options: Value::Null,
            labels: Value::Null,
            anonymous,
        };
        state.volumes.entry(name.clone()).or_insert_with(volume);
    }
    all.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(all)
}

/// Where the engine keeps a volume.
pub(crate) fn place_of(volume: &str) -> String {
    format!("/var/lib/docker/volumes/{volume}/_data")
}

fn bound(bind: &str) -> Result<Mount, Failure> {
    let invalid = || Failure::bad(format!("invalid volume specification: '{bind}'"));
    let mut parts = bind.split(':');
    let (source, target) = parts.next().zip(parts.next()).ok_or_else(invalid)?;
    let options = parts.next().unwrap_or_default();
    if parts.next().is_some() || !target.starts_with('/') || source.is_empty() {
        return Err(invalid());
    }
    let is_volume = !source.starts_with('/');
    let words: Vec<&str> = options.split(',').filter(|word| !word.is_empty()).collect();
    let propagation =
        words.iter().find(|word| word.ends_with("shared") || word.ends_with("slave") || word.ends_with("private"));
    let propagation = propagation.copied().unwrap_or(if is_volume { "" } else { "rprivate" }).to_owned();
    let known = ["ro", "rw", "z", "Z", "nocopy", "cached", "consistent", "delegated"];
    if words.iter().any(|word| !known.contains(word) && *word != propagation) {
        return Err(Failure::bad(format!("invalid mode: {options}")));
    }
    Ok(Mount {
        kind: if is_volume { "volume" } else { "bind" }.to_owned(),
        volume: is_volume.then(|| source.to_owned()),
        source: if is_volume { place_of(source) } else { source.to_owned() },
        target: target.to_owned(),
        mode: if is_volume && options.is_empty() { "z".to_owned() } else { options.to_owned() },
        writable: !words.contains(&"ro"),
        propagation,
    })
}

//! The life of a container: start, stop, kill, pause, rename, wait, remove.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::{
    call::Call,
    container,
    files::Files,
    reply::{self, Answer, Failure},
    state::{Container, Network, Place, State, Status},
    subnets,
};
use crate::{World, node};

/// `POST /containers/{id}/start`.
pub(crate) async fn start(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    if let Some(key) = call.parameters().find(|key| !matches!(*key, "detachKeys")) {
        return Err(Failure::unknown(world.recorder.unknown(format!("POST /containers/{{id}}/start: {key}"))));
    }
    match up(world, id)? {
        true => Ok(reply::status(StatusCode::NO_CONTENT)),
        false => Ok(reply::status(StatusCode::NOT_MODIFIED)),
    }
}

/// Start a container. Returns whether it did not run before.
pub(crate) fn up(world: &Arc<World>, id: &str) -> Result<bool, Failure> {
    let mut state = world.engine.state();
    let at = state.position(id)?;
    match state.containers[at].status {
        Status::Running => return Ok(false),
        Status::Paused => return Err(Failure::conflict("cannot start a paused container, try unpause instead")),
        Status::Created | Status::Exited => {}
    }
    let listeners = match prepared(world, &mut state, at) {
        Ok(listeners) => listeners,
        Err((failure, code)) => {
            give_back(&mut state.containers[at], &failure.message, code);
            if removes_itself(&state.containers[at]) {
                forget(world, &mut state, at, true);
            }
            return Err(failure);
        }
    };
    let pid = state.pid();
    let one = &mut state.containers[at];
    begin(one, pid);
    // What is spawned waits for the state, so it cannot end before it is noted.
    let leading = |(port, listener)| tokio::spawn(lead(Arc::clone(world), one.id.clone(), port, listener));
    let mut tasks: Vec<_> = listeners.into_iter().map(leading).collect();
    tasks.push(tokio::spawn(node::run(Arc::clone(world), one.id.clone())));
    one.tasks = tasks;
    world.engine.events.container(one, "start");
    Ok(true)
}

/// Give a container its addresses and ports, and look whether it can run at all. With a failure comes the code that the container has then.
fn prepared(world: &World, state: &mut State, at: usize) -> Result<Vec<(u16, TcpListener)>, (Failure, i64)> {
    connect_all(world, state, at).map_err(|failure| (failure, 128))?;
    let listeners = publish(state, at).map_err(|failure| (failure, 128))?;
    match node::unstartable(world, &state.containers[at]) {
        Some(failure) => Err((failure, 127)),
        None => Ok(listeners),
    }
}

fn removes_itself(one: &Container) -> bool {
    one.host_config.get("AutoRemove") == Some(&Value::Bool(true))
}

fn begin(one: &mut Container, pid: u32) {
    one.status = Status::Running;
    one.pid = pid;
    one.exit_code = 0;
    one.error.clear();
    one.started = Some(jiff::Timestamp::now());
    one.finished = None;
    one.stop = tokio_util::sync::CancellationToken::new();
    one.log.open();
    for folder in ["/tmp", "/run"] {
        if one.host_config.get("Tmpfs").and_then(|tmpfs| tmpfs.get(folder)).is_some() {
            one.files.remove(folder);
            one.files.folder(folder, super::files::now());
        }
    }
    let (name, address) = (container::host_name(one), one.places.values().find_map(|place| place.ipv4));
    let hosts = address.map_or_else(String::new, |address| format!("{address}\t{name}\n"));
    one.files.write("/etc/hostname", format!("{name}\n"));
    one.files.write("/etc/hosts", format!("127.0.0.1\tlocalhost\n{hosts}"));
    one.turns.send_modify(|turns| turns.running = true);
}

fn give_back(one: &mut Container, error: &str, code: i64) {
    one.error = error.to_owned();
    one.exit_code = code;
    one.ports.clear();
    for place in one.places.values_mut() {
        (place.ipv4, place.ipv6) = (None, None);
        place.endpoint.clear();
    }
}

/// Give a container its addresses in all its networks.
fn connect_all(world: &World, state: &mut State, at: usize) -> Result<(), Failure> {
    let names: Vec<String> = state.containers[at].places.keys().cloned().collect();
    for name in names {
        let network = state.network(&name)?.clone();
        let mut place = state.containers[at].places.remove(&name).unwrap_or_default();
        let given = give_addresses(world, state, &network, &mut place);
        // A network that was named by its identifier is known by its name from now on.
        state.containers[at].places.insert(network.name.clone(), place);
        given?;
    }
    Ok(())
}

/// Give a place in a network its addresses: those that are asked for, otherwise the lowest free ones.
pub(crate) fn give_addresses(
    world: &World,
    state: &State,
    network: &Network,
    place: &mut Place,
) -> Result<(), Failure> {
    let wanted = place.wanted_ipv4.map(IpAddr::from).into_iter().chain(place.wanted_ipv6.map(IpAddr::from));
    let taken = state.taken(network);
    for address in wanted {
        if matches!(network.name.as_str(), "bridge" | "host" | "none") {
            return Err(Failure::bad("user specified IP address is supported on user defined networks only"));
        }
        if !network.chosen {
            let text =
                "user specified IP address is supported only when connecting to networks with user configured subnets";
            return Err(Failure::bad(text));
        }
        if !network.subnets.iter().any(|one| one.net.contains(&address)) {
            return Err(Failure::internal(format!(
                "Invalid address {address}: It does not belong to any of this network's subnets"
            )));
        }
        if taken.contains(&address) {
            return Err(Failure::forbidden("Address already in use"));
        }
    }
    place.network.clone_from(&network.id);
    place.endpoint = world.hex("endpoint", 64);
    let lowest = |ipv4: bool| subnets::address(network, &taken, ipv4);
    place.ipv4 = place.wanted_ipv4.or_else(|| match lowest(true)? {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    place.ipv6 = place.wanted_ipv6.or_else(|| match lowest(false)? {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => None,
    });
    Ok(())
}

/// Listen on the ports of the host that lead to a container.
fn publish(state: &mut State, at: usize) -> Result<Vec<(u16, TcpListener)>, Failure> {
    let one = &state.containers[at];
    let bindings = one.host_config.get("PortBindings").and_then(Value::as_object).cloned().unwrap_or_default();
    let endpoint = one.places.values().next().map(|place| place.endpoint.clone()).unwrap_or_default();
    let front = format!("driver failed programming external connectivity on endpoint {} ({endpoint}): ", one.name);
    let (mut listeners, mut ports) = (Vec::new(), Vec::new());
    for (port, list) in bindings {
        let Some((number, protocol)) = container::read_port(&port) else { continue };
        let key = format!("{number}/{protocol}");
        for binding in list.as_array().into_iter().flatten() {
            let text = |key: &str| binding[key].as_str().unwrap_or_default();
            let address = text("HostIp").parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            let host: u16 = text("HostPort").parse().unwrap_or(0);
            if host != 0 && is_published(state, address, host, protocol) {
                return Err(Failure::internal(format!(
                    "{front}Bind for {address}:{host} failed: port is already allocated"
                )));
            }
            let (listener, host) = listen(address, host, protocol).map_err(|error| {
                let family = if address.is_ipv4() { "tcp4" } else { "tcp6" };
                let reason = match error.kind() {
                    std::io::ErrorKind::AddrInUse => "bind: address already in use".to_owned(),
                    std::io::ErrorKind::AddrNotAvailable => "bind: cannot assign requested address".to_owned(),
                    _ => error.to_string(),
                };
                Failure::internal(format!(
                    "{front}Error starting userland proxy: listen {family} {address}:{host}: {reason}"
                ))
            })?;
            ports.push((key.clone(), address, host));
            listeners.extend(listener.map(|listener| (number, listener)));
        }
    }
    state.containers[at].ports = ports;
    Ok(listeners)
}

fn is_published(state: &State, address: IpAddr, host: u16, protocol: &str) -> bool {
    let all = state.containers.iter().filter(|one| one.is_running()).flat_map(|one| &one.ports);
    let same = |other: &IpAddr| *other == address || other.is_unspecified() || address.is_unspecified();
    all.into_iter().any(|(port, other, number)| *number == host && same(other) && port.ends_with(protocol))
}

/// A listener for TCP; other protocols only have their number.
fn listen(address: IpAddr, port: u16, protocol: &str) -> std::io::Result<(Option<TcpListener>, u16)> {
    if protocol != "tcp" {
        let port = if port == 0 { std::net::UdpSocket::bind((address, 0))?.local_addr()?.port() } else { port };
        return Ok((None, port));
    }
    let listener = std::net::TcpListener::bind((address, port))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((Some(TcpListener::from_std(listener)?), port))
}

/// Lead whoever connects to a port of the host to the container.
async fn lead(world: Arc<World>, id: String, port: u16, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that broke while it was accepted concerns nobody.
                let Ok((mut stream, _)) = accepted else { continue };
                let address = world.engine.state().container(&id).ok().and_then(|one| one.places.values().find_map(|place| place.ipv4));
                let Some(address) = address else { continue };
                let Some(mut peer) = world.connect(address.into(), port) else { continue };
                connections.spawn(async move { drop(tokio::io::copy_bidirectional(&mut stream, &mut peer).await) });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Note that what ran in a container has ended, with this code. Removes it when it was to be removed then.
pub(crate) fn ended(world: &Arc<World>, id: &str, code: i64) {
    let mut state = world.engine.state();
    let Ok(at) = state.position(id) else { return }; // it was removed meanwhile
    if !state.containers[at].is_running() {
        return;
    }
    let one = &mut state.containers[at];
    one.stop.cancel();
    // Whoever calls this may be one of the tasks: they end by themselves or here, after this.
    one.tasks.drain(..).for_each(|task| task.abort());
    one.status = Status::Exited;
    one.pid = 0;
    one.exit_code = code;
    one.finished = Some(jiff::Timestamp::now());
    one.ports.clear();
    one.input = None;
    one.log.close();
    for place in one.places.values_mut() {
        (place.ipv4, place.ipv6) = (None, None);
        place.endpoint.clear();
    }
    one.turns.send_modify(|turns| {
        turns.running = false;
        turns.ended += 1;
        turns.code = code;
    });
    world.engine.events.container(one, "die");
    let id = one.id.clone();
    state.execs.values_mut().filter(|exec| exec.container == id && exec.running).for_each(|exec| {
        exec.running = false;
        exec.code = Some(137);
    });
    if removes_itself(&state.containers[at]) {
        forget(world, &mut state, at, true);
    }
}

/// `POST /containers/{id}/stop`.
pub(crate) async fn stop(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    grace(call)?;
    let (id, runs) = {
        let state = world.engine.state();
        let one = state.container(id)?;
        (one.id.clone(), one.is_running())
    };
    if !runs {
        return Ok(reply::status(StatusCode::NOT_MODIFIED));
    }
    down(world, &id, "stop", None);
    Ok(reply::status(StatusCode::NO_CONTENT))
}

fn grace(call: &Call) -> Result<(), Failure> {
    let invalid = |text: &str| Failure::bad(format!("strconv.Atoi: parsing \"{text}\": invalid syntax"));
    call.query("t").map_or(Ok(()), |text| text.parse::<i64>().map(drop).map_err(|_| invalid(text)))
}

/// End what runs in a container: by its own way, or by a signal.
fn down(world: &Arc<World>, id: &str, action: &str, signal: Option<i64>) {
    let natural = {
        let state = world.engine.state();
        state.container(id).map(node::code_of_stop).unwrap_or(137)
    };
    ended(world, id, signal.map_or(natural, |signal| 128 + signal));
    if let Ok(one) = world.engine.state().container(id) {
        world.engine.events.container(one, action); // one that was removed with its end has told so
    }
}

/// The numbers of signals.
const SIGNALS: [(&str, i64); 12] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("KILL", 9),
    ("USR1", 10),
    ("USR2", 12),
    ("TERM", 15),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("WINCH", 28),
    ("RTMIN+3", 37),
];

/// `POST /containers/{id}/kill`.
pub(crate) async fn kill(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let wanted = call.query("signal").unwrap_or("KILL").to_owned();
    let name = wanted.trim_start_matches("SIG");
    let number =
        wanted.parse().ok().or_else(|| SIGNALS.iter().find(|(one, _)| *one == name).map(|(_, number)| *number));
    let number = number.filter(|number| (1..65).contains(number));
    let number = number.ok_or_else(|| Failure::bad(format!("Invalid signal: {wanted}")))?;
    let (id, name, runs) = {
        let state = world.engine.state();
        let one = state.container(id)?;
        (one.id.clone(), id.to_owned(), one.is_running())
    };
    if !runs {
        return Err(Failure::conflict(format!("Cannot kill container: {name}: Container {id} is not running")));
    }
    match number {
        // What reloads, looks at a window or goes on does not end.
        1 | 17 | 18 | 28 => {}
        _ => down(world, &id, "kill", (number == 9).then_some(9)),
    }
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// `POST /containers/{id}/restart`.
pub(crate) async fn restart(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    grace(call)?;
    let id = world.engine.state().container(id)?.id.clone();
    down(world, &id, "stop", None);
    up(world, &id)?;
    if let Ok(one) = world.engine.state().container(&id) {
        world.engine.events.container(one, "restart"); // it is there: it has just started
    }
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// `POST /containers/{id}/pause`.
pub(crate) fn pause(world: &Arc<World>, id: &str) -> Answer {
    let mut state = world.engine.state();
    let one = state.container_mut(id)?;
    match one.status {
        Status::Running => one.status = Status::Paused,
        Status::Paused => return Err(Failure::conflict(format!("Container {} is already paused", one.id))),
        _ => return Err(Failure::conflict(format!("Container {} is not running", one.id))),
    }
    world.engine.events.container(one, "pause");
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// `POST /containers/{id}/unpause`.
pub(crate) fn unpause(world: &Arc<World>, id: &str) -> Answer {
    let mut state = world.engine.state();
    let one = state.container_mut(id)?;
    if one.status != Status::Paused {
        return Err(Failure::internal(format!("Container {} is not paused", one.id)));
    }
    one.status = Status::Running;
    world.engine.events.container(one, "unpause");
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// `POST /containers/{id}/rename`.
pub(crate) fn rename(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let mut state = world.engine.state();
    let at = state.position(id)?;
    let name = call.query("name").unwrap_or_default().trim_start_matches('/').to_owned();
    if name.is_empty() {
        return Err(Failure::bad("Neither old nor new names may be empty"));
    }
    if state.containers[at].name == name {
        return Err(Failure::bad("Renaming a container with the same name as its current name"));
    }
    if let Some(holder) = state.containers.iter().find(|one| one.name == name) {
        return Err(Failure::conflict(format!(
            "Error when allocating new name: Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
            holder.id
        )));
    }
    state.containers[at].name = name;
    world.engine.events.container(&state.containers[at], "rename");
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// `POST /containers/{id}/resize`.
pub(crate) fn resize(world: &Arc<World>, id: &str) -> Answer {
    let state = world.engine.state();
    let one = state.container(id)?;
    match one.is_running() {
        true => Ok(reply::status(StatusCode::OK)),
        false => Err(Failure::conflict(format!("Container {} is not running", one.id))),
    }
}

/// `POST /containers/{id}/wait`. The head of the answer is sent at once.
pub(crate) fn wait(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let condition = call.query("condition").unwrap_or("not-running").to_owned();
    let (mut turns, before, code, error) = {
        let state = world.engine.state();
        let one = state.container(id)?;
        let receiver = one.turns.subscribe();
        let before = *receiver.borrow();
        (receiver, before, one.exit_code, one.error.clone())
    };
    // Words that the engine does not know mean the first.
    let error = if error.is_empty() { Value::Null } else { json!({ "Message": error }) };
    let waiting = async move {
        let over = |turns: &super::state::Turns| match condition.as_str() {
            "removed" => turns.removed,
            "next-exit" => turns.ended > before.ended || turns.removed,
            _ => !turns.running || turns.removed,
        };
        // When the engine is gone, so is the container.
        let code =
            turns.wait_for(over).await.map(|turns| if turns.ended == 0 { code } else { turns.code }).unwrap_or(code);
        bytes::Bytes::from(format!("{}\n", json!({ "Error": error, "StatusCode": code })))
    };
    let chunks = futures::stream::once(waiting);
    Ok(reply::stream("application/json", chunks))
}

/// `DELETE /containers/{id}`.
pub(crate) async fn remove(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    if call.switch("link") {
        return Err(Failure::unknown(world.recorder.unknown("DELETE /containers/{id}: link")));
    }
    let (id, status) = {
        let state = world.engine.state();
        let one = state.container(id)?;
        (one.id.clone(), one.status)
    };
    match status {
        Status::Running | Status::Paused if call.switch("force") => down(world, &id, "kill", Some(9)),
        Status::Running => {
            return Err(Failure::conflict(format!(
                "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
            )));
        }
        Status::Paused => {
            return Err(Failure::conflict(format!(
                "You cannot remove a paused container {id}. Unpause and then stop the container before attempting removal or force remove"
            )));
        }
        _ => {}
    }
    let mut state = world.engine.state();
    if let Ok(at) = state.position(&id) {
        forget(world, &mut state, at, call.switch("v")); // it may have gone with its end
    }
    Ok(reply::status(StatusCode::NO_CONTENT))
}

/// Take a container out of the engine, and its nameless volumes with it when asked to.
fn forget(world: &World, state: &mut State, at: usize, volumes: bool) {
    let one = state.containers.remove(at);
    one.turns.send_modify(|turns| turns.removed = true);
    state.execs.retain(|_, exec| exec.container != one.id);
    for name in one.mounts.iter().filter_map(|mount| mount.volume.as_ref()).filter(|_| volumes) {
        if state.volumes.get(name).is_some_and(|volume| volume.anonymous) {
            state.volumes.remove(name);
        }
    }
    world.engine.events.container(&one, "destroy");
    node::removed(world, state, &one);
}

/// `POST /containers/prune`.
pub(crate) fn prune(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    if let Some((key, _)) = filters.iter().find(|(key, _)| key != "label") {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let mut state = world.engine.state();
    let has = |one: &Container, wanted: &String| match wanted.split_once('=') {
        Some((key, value)) => one.label(key) == Some(value),
        None => one.label(wanted).is_some(),
    };
    let gone: Vec<String> = state
        .containers
        .iter()
        .filter(|one| {
            !one.is_running() && filters.iter().all(|(_, values)| values.iter().all(|wanted| has(one, wanted)))
        })
        .map(|one| one.id.clone())
        .collect();
    for id in &gone {
        if let Ok(at) = state.position(id) {
            forget(world, &mut state, at, false); // all of them are there
        }
    }
    let gone = if gone.is_empty() { Value::Null } else { json!(gone) };
    Ok(reply::json(&json!({ "ContainersDeleted": gone, "SpaceReclaimed": 0 })))
}

/// The variables of a container.
pub(crate) fn variables(one: &Container) -> Map<String, Value> {
    let all = one.texts("Env");
    all.iter().filter_map(|one| one.split_once('=')).map(|(key, value)| (key.to_owned(), value.into())).collect()
}

/// The folder in which commands of a container run.
pub(crate) fn folder(one: &Container) -> String {
    Files::plain("/", one.config.get("WorkingDir").and_then(Value::as_str).unwrap_or_default())
}

//! What runs in containers: nodes of kind, their load balancer, and small commands.

pub(crate) mod image;
mod io;
mod jsonpath;
mod programs;
mod shell;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{
    World,
    docker::{
        Ends,
        files::{Content, Entry, now},
        lifecycle,
        log::Channel,
        reply::Failure,
        state::{Container, State},
    },
    kube::Cluster,
    mesh,
    stream::{ByteStream, pair},
};
use io::{Input, Io, Sink};
use shell::Shell;

/// Where API servers listen in their nodes.
pub(crate) const API_PORT: u16 = 6443;

/// The label with what a node is: `control-plane`, `worker`.
pub(crate) const ROLE: &str = "io.x-k8s.kind.role";
/// The label with the name of its cluster.
pub(crate) const CLUSTER: &str = "io.x-k8s.kind.cluster";
const BALANCER_CONFIG: &str = "/usr/local/etc/haproxy/haproxy.cfg";

/// A command in a container.
pub(crate) struct Process {
    /// The container's identifier.
    pub container: String,
    /// The command.
    pub argv: Vec<String>,
    /// The variables.
    pub env: BTreeMap<String, String>,
    /// The folder in which it runs.
    pub folder: String,
    /// Ends it with its container.
    pub stop: CancellationToken,
}

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Node,
    Balancer,
    Other,
}

fn part(one: &Container) -> Part {
    let last = one.argv.first().map(|program| program.rsplit('/').next().unwrap_or_default());
    match last {
        Some("entrypoint") if one.argv.get(1).is_some_and(|init| init == "/sbin/init") => Part::Node,
        Some("haproxy") => Part::Balancer,
        _ => Part::Other,
    }
}

/// Why a container cannot start: what it shall run is not there, or not known.
pub(crate) fn unstartable(world: &World, one: &Container) -> Option<Failure> {
    let program = one.argv.first().map(String::as_str).unwrap_or_default();
    if part(one) != Part::Other || programs::is_known(program) {
        return None;
    }
    if one.files.get(program).is_some() || has_other_programs(one) {
        let what = format!("what `{program}` of image {} does", one.image_name());
        return Some(Failure::unknown(world.recorder.unknown(what)));
    }
    let reason = match program.contains('/') {
        true => format!("stat {program}: no such file or directory"),
        false => "executable file not found in $PATH".to_owned(),
    };
    Some(Failure::bad(format!(
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"{program}\": {reason}: unknown"
    )))
}

/// Images of registries have programs that are not known here, so nobody can say that one is missing; what was imported is known file by file.
fn has_other_programs(one: &Container) -> bool {
    one.files.beneath("/").next().is_none()
}

/// Run what a container runs, until it ends or is stopped.
pub(crate) async fn run(world: Arc<World>, id: String) {
    let started = {
        let mut state = world.engine.state();
        let Ok(one) = state.container_mut(&id) else { return }; // it was removed at once
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        if one.config.get("OpenStdin") == Some(&serde_json::Value::Bool(true)) {
            one.input = Some(sender);
        }
        let env = lifecycle::variables(one);
        let env = env.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect();
        let process = Process {
            container: id.clone(),
            argv: one.argv.clone(),
            env,
            folder: lifecycle::folder(one),
            stop: one.stop.clone(),
        };
        if part(one) == Part::Node {
            let socket = Entry { content: Content::Socket, mode: 0o660, modified: now() };
            one.files.put("/run/containerd/containerd.sock", socket);
        }
        (part(one), process, Arc::clone(&one.log), one.tty(), receiver)
    };
    let (part, process, log, tty, receiver) = started;
    let code = match part {
        Part::Node => {
            image::BOOT_LINES.iter().for_each(|line| log.say(Channel::Out, format!("{line}\r\n")));
            process.stop.cancelled().await;
            return;
        }
        Part::Balancer => {
            log.say(Channel::Out, "[NOTICE] simulated: haproxy passes connections on\r\n");
            process.stop.cancelled().await;
            return;
        }
        Part::Other => {
            let out = Sink::log(&log, Channel::Out, tty);
            let err = if tty { out.clone() } else { Sink::log(&log, Channel::Err, tty) };
            let io = Io { input: Input::typed(receiver), out, err };
            let (argv, stop) = (process.argv.clone(), process.stop.clone());
            let mut shell = Shell::new(&world, process);
            tokio::select! {
                code = shell.program(&argv, &io) => code,
                () = stop.cancelled() => return,
            }
        }
    };
    lifecycle::ended(&world, &id, code);
}

/// Execute a command in a container that runs. Returns its code.
pub(crate) async fn execute(world: &Arc<World>, process: Process, mut ends: Ends) -> i64 {
    let input = ends.typed.take().map_or_else(Input::none, Input::typed);
    let ends = Arc::new(ends);
    let io = Io { input, out: Sink::ends(&ends, Channel::Out), err: Sink::ends(&ends, Channel::Err) };
    let argv = process.argv.clone();
    let mut shell = Shell::new(world, process);
    shell.program(&argv, &io).await
}

/// The code with which a container ends when it is asked to stop.
pub(crate) fn code_of_stop(one: &Container) -> i64 {
    match part(one) {
        Part::Node => 130,
        Part::Balancer => 0,
        Part::Other => 137,
    }
}

/// The cluster whose API server answers at a container: the node's own, or the one behind a load balancer.
pub(crate) fn cluster_behind(state: &State, one: &Container) -> Option<String> {
    match part(one) {
        Part::Balancer => {
            let text = one.files.read(BALANCER_CONFIG)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let servers = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("server ")?.split_whitespace().next().map(str::to_owned));
            let nodes =
                servers.filter_map(|name| state.containers.iter().find(|one| one.name == name && one.is_running()));
            nodes.filter_map(|node| node.cluster.clone()).next()
        }
        Part::Node if one.label(ROLE) == Some("control-plane") => one.cluster.clone(),
        _ => None,
    }
}

/// Connect to a port of a container: the API server, for whatever else the mesh is asked.
pub(crate) fn connect(world: &Arc<World>, id: &str, address: IpAddr, port: u16) -> Option<ByteStream> {
    let cluster = (port == API_PORT).then(|| {
        let state = world.engine.state();
        state.container(id).ok().and_then(|one| cluster_behind(&state, one)) // it may be gone by now
    });
    match cluster.flatten().and_then(|name| world.cluster(&name)) {
        Some(cluster) => Some(serving(&cluster)),
        None => mesh::connect(world, address, port),
    }
}

/// A connection to the API server of a cluster.
pub(crate) fn serving(cluster: &Arc<Cluster>) -> ByteStream {
    let (near, far) = pair();
    let cluster = Arc::clone(cluster);
    tokio::spawn(async move { cluster.serve(far).await });
    near
}

/// Give a node that was taken over the files that kubeadm leaves on a control plane.
pub(crate) fn adopt(one: &mut Container, cluster: &Cluster) {
    if one.label(ROLE) == Some("control-plane") {
        programs::control_plane_files(&mut one.files, cluster, &format!("https://{}:{API_PORT}", one.name));
    }
}

/// A container is gone: with its last control plane a cluster is gone too.
pub(crate) fn removed(world: &World, state: &State, one: &Container) {
    let Some(cluster) = &one.cluster else { return };
    let left =
        |other: &Container| other.cluster.as_ref() == Some(cluster) && other.label(ROLE) == Some("control-plane");
    if !state.containers.iter().any(left) {
        world.remove_cluster(cluster);
    }
}

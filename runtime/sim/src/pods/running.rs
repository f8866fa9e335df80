//! What clients do with the containers of a running pod: read its logs, execute programs in it, connect to its ports.

use std::sync::{Arc, Weak};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::{
    journal, serve,
    shell::{self, Place},
};
use crate::{
    World,
    controllers::object::{list, name, namespace, text, uid},
    kube::{Cluster, Status},
    mesh::{ask, request::Request},
    stream::ByteStream,
};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub time: jiff::Timestamp,
    /// The text, without the end of the line.
    pub text: String,
}

/// What a program that is executed reads and writes.
pub struct Io {
    /// What it reads.
    pub stdin: Box<dyn AsyncRead + Send + Unpin>,
    /// What it writes.
    pub stdout: Box<dyn AsyncWrite + Send + Unpin>,
    /// What it complains of; with a terminal, this goes to `stdout`.
    pub stderr: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whether it has a terminal.
    pub tty: bool,
}

/// How many lines wait for a slow reader.
const LINES: usize = 1024;

/// The log of a container: what is written already, at once, and what it writes from then on while `follow`. The channel is closed when no more
/// can come. `previous` asks for the container that ran before the present one.
///
/// # Errors
/// When there is no such log.
pub fn logs(
    cluster: &Arc<Cluster>,
    pod: &Value,
    container: &str,
    previous: bool,
    follow: bool,
) -> Result<mpsc::Receiver<Line>, Status> {
    let state = status_of(pod, container)
        .ok_or_else(|| Status::bad_request(format!("container {container} is not valid for pod {}", name(pod))))?;
    let restarted = state.get("restartCount").and_then(Value::as_u64).unwrap_or(0) > 0;
    if previous && !restarted {
        let message = format!("previous terminated container \"{container}\" in pod \"{}\" not found", name(pod));
        return Err(Status::bad_request(message));
    }
    if let Some(waiting) = state.pointer("/state/waiting").filter(|_| !restarted) {
        let message = format!(
            "container \"{container}\" in pod \"{}\" is waiting to start: {}",
            name(pod),
            match text(waiting, "/reason") {
                "ErrImagePull" | "ImagePullBackOff" => "trying and failing to pull image",
                other => other,
            }
        );
        return Err(Status::bad_request(message));
    }
    let lines = journal::lines(cluster, pod, container);
    let (sender, receiver) = mpsc::channel(lines.len().max(LINES));
    for line in lines {
        // There is room for all of them, and the reader is here: whoever does not follow finds them without waiting.
        let _sent = sender.try_send(line);
    }
    let (cluster, of, pod_name, id) =
        (Arc::downgrade(cluster), namespace(pod).to_owned(), name(pod).to_owned(), uid(pod).to_owned());
    let start = move || async move {
        if !follow {
            return;
        }
        // Programs here write nothing more, so the log ends with the pod.
        tokio::select! {
            () = sender.closed() => {}
            () = until(cluster, of, pod_name, |pod| uid(pod) != id) => {}
        }
    };
    tokio::spawn(start());
    Ok(receiver)
}

/// Wait until a pod is gone, or what is waited for holds of it.
async fn until(cluster: Weak<Cluster>, of: String, pod: String, holds: impl Fn(&Value) -> bool) {
    loop {
        let Some(mut changed) = cluster.upgrade().map(|one| one.store().changed()) else { return };
        let found = cluster.upgrade().and_then(|one| one.store().get(("v1", "Pod"), Some(&of), &pod));
        if found.is_none_or(|pod| holds(&pod)) || changed.changed().await.is_err() {
            return;
        }
    }
}

/// Be attached to what runs in a container, until it ends. Programs here write nothing after their start, and read nothing.
///
/// # Errors
/// When nothing runs in it.
pub async fn attach(cluster: &Arc<Cluster>, pod: &Value, container: &str, io: Io) -> Result<i32, Status> {
    let runs = |pod: &Value| status_of(pod, container).is_some_and(|one| one.pointer("/state/running").is_some());
    if !runs(pod) {
        return Err(internal(format!("unable to upgrade connection: container not found (\"{container}\")")));
    }
    let (of, pod_name, id) = (namespace(pod).to_owned(), name(pod).to_owned(), uid(pod));
    until(Arc::downgrade(cluster), of, pod_name, |pod| uid(pod) != id || !runs(pod)).await;
    drop(io); // until then the client hears nothing
    Ok(0)
}

fn status_of<'v>(pod: &'v Value, container: &str) -> Option<&'v Value> {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let mut all = statuses.iter().flat_map(|key| list(pod, &format!("/status/{key}")));
    all.find(|one| text(one, "/name") == container)
}

/// Execute a program in a container. Returns its exit code; 126 or 127 with the runtime's text on `stderr` is for the shell's programs, an error for
/// a program that the runtime cannot start.
///
/// # Errors
/// When it cannot be started.
pub async fn exec(
    cluster: &Arc<Cluster>,
    pod: &Value,
    container: &str,
    argv: &[String],
    mut io: Io,
) -> Result<i32, Status> {
    let runs = status_of(pod, container).is_some_and(|one| one.pointer("/state/running").is_some());
    if !runs {
        return Err(internal(format!("unable to upgrade connection: container not found (\"{container}\")")));
    }
    let world = cluster.world().ok_or_else(|| internal("the world is gone".to_owned()))?;
    let specification = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    let found = specification.into_iter().find(|one| text(one, "/name") == container).cloned().unwrap_or_default();
    let place = Place { world: &world, cluster, pod, container: &found };
    let Some(program) = argv.first() else {
        return Err(Status::bad_request("you must specify at least 1 container command"));
    };
    if !shell::has_program(&place, program) {
        return Err(cannot_start(&world, program));
    }
    let input = if shell::reads_input(argv) { read(&mut io.stdin).await } else { Vec::new() };
    let output = shell::run(&place, argv, &input);
    let errors = if io.tty { &mut io.stdout } else { &mut io.stderr };
    // A client that has left reads nothing any more.
    let _ = errors.write_all(&output.stderr).await;
    let _ = errors.flush().await;
    let _ = io.stdout.write_all(&output.stdout).await;
    let _ = io.stdout.flush().await;
    Ok(output.code)
}

async fn read(stdin: &mut (dyn AsyncRead + Send + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    // What was read before a client left is what there is.
    let _ = stdin.take(16 * 1024 * 1024).read_to_end(&mut all).await;
    all
}

fn internal(message: String) -> Status {
    Status::new(500, "InternalError", message)
}

fn cannot_start(world: &World, program: &str) -> Status {
    let why = if program.contains('/') {
        format!("stat {program}: no such file or directory")
    } else {
        "executable file not found in $PATH".to_owned()
    };
    let inner = format!(
        "OCI runtime exec failed: exec failed: unable to start container process: exec: \"{program}\": {why}: unknown"
    );
    let id = world.hex("exec", 64);
    internal(format!(
        "Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"{id}\": {inner}"
    ))
}

/// Connect to a port of a pod, as from its own network.
///
/// # Errors
/// When nobody listens there, in the words of the runtime.
pub fn connect(cluster: &Arc<Cluster>, pod: &Value, port: u16) -> Result<ByteStream, Status> {
    let world = cluster.world().ok_or_else(|| internal("the world is gone".to_owned()))?;
    let probe = Request { port, ..Request::probe() };
    if ask::within(&world, cluster.name(), namespace(pod), name(pod), &probe).is_none() {
        let message = format!(
            "failed to connect to localhost:{port} inside namespace of pod {}, IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused",
            name(pod)
        );
        return Err(internal(message));
    }
    Ok(serve::serve_pod(&world, cluster.name(), namespace(pod), name(pod), port))
}

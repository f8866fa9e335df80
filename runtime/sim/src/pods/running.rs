//! What clients do with the containers of a running pod: read its logs, execute programs in it, connect to its ports.

use std::sync::Arc;

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use crate::{
    kube::{Cluster, Status},
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
    let _asked = (previous, follow);
    Err(unknown(cluster, &format!("the log of container {container}"), pod))
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
    io: Io,
) -> Result<i32, Status> {
    drop(io);
    Err(unknown(cluster, &format!("{argv:?} in container {container}"), pod))
}

/// Connect to a port of a pod, as from its own network.
///
/// # Errors
/// When nobody listens there, in the words of the runtime.
pub fn connect(cluster: &Arc<Cluster>, pod: &Value, port: u16) -> Result<ByteStream, Status> {
    Err(unknown(cluster, &format!("port {port}"), pod))
}

fn unknown(cluster: &Arc<Cluster>, what: &str, pod: &Value) -> Status {
    let what = format!("{what} of pod {}", pod["metadata"]["name"].as_str().unwrap_or_default());
    let text = cluster.world().map_or_else(|| what.clone(), |world| world.recorder.unknown(what.clone()));
    Status::unknown(text)
}

//! Execution of programs in containers, and attaching to what runs in them, over WebSocket or SPDY.

use std::sync::Arc;

use http::{Request, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::oneshot,
};

use super::{
    super::{
        answer::Answer,
        call::{Call, Target},
        cluster::Cluster,
        object,
        serve::switching,
        status::Status,
        store::Object,
    },
    container, pod, runs_somewhere, spdy,
    websocket::{self, Message},
};
use crate::pods::{self, Io};

/// How many bytes a program may be ahead of its reader.
const BUFFER: usize = 64 * 1024;

/// A program that runs.
pub(super) struct Running {
    /// What it shall read; dropped when the client has no more.
    pub(super) stdin: DuplexStream,
    pub(super) stdout: DuplexStream,
    pub(super) stderr: DuplexStream,
    /// How it has ended, as a status.
    pub(super) ended: oneshot::Receiver<Value>,
}

/// What a client wants to execute, or to be attached to.
pub(super) struct Wanted {
    cluster: Arc<Cluster>,
    pod: Object,
    container: String,
    /// The program; none for the one that runs already.
    argv: Option<Vec<String>>,
    tty: bool,
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
}

impl Wanted {
    pub(super) fn start(self) -> Running {
        let (stdin, reads) = tokio::io::duplex(BUFFER);
        let (writes, stdout) = tokio::io::duplex(BUFFER);
        let (complains, stderr) = tokio::io::duplex(BUFFER);
        let (mut tell, ended) = oneshot::channel();
        tokio::spawn(async move {
            let io =
                Io { stdin: Box::new(reads), stdout: Box::new(writes), stderr: Box::new(complains), tty: self.tty };
            let result = match &self.argv {
                Some(argv) => pods::exec(&self.cluster, &self.pod, &self.container, argv, io).await,
                None => tokio::select! {
                    result = pods::attach(&self.cluster, &self.pod, &self.container, io) => result,
                    () = tell.closed() => return,
                },
            };
            // Nobody waits when the client is gone.
            let _ = tell.send(status(result));
        });
        Running { stdin, stdout, stderr, ended }
    }
}

fn status(result: Result<i32, Status>) -> Value {
    match result {
        Ok(0) => json!({ "metadata": {}, "status": "Success" }),
        Ok(code) => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
        }),
        Err(status) => json!({
            "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500, "message": status.message,
            "details": { "causes": [{ "message": status.message }] },
        }),
    }
}

/// Answer by changing the protocol.
pub(super) fn answer(
    cluster: Arc<Cluster>,
    call: &Call,
    target: &Target,
    mut request: Request<Incoming>,
) -> Result<Answer, Status> {
    let pod = pod(&cluster, target)?;
    let container = container(&pod, call.query("container"))?;
    runs_somewhere(&pod)?;
    let argv = (target.subresource == "exec").then(|| call.queries("command"));
    if argv.as_ref().is_some_and(Vec::is_empty) {
        return Err(Status::bad_request("you must specify at least one command for the container"));
    }
    let tty = call.is_set("tty");
    if argv.is_none() && call.is_set("stdin") && reads(&pod, &container) {
        return Err(cluster.unknown(format!("what a program does with its input: pod {}", object::name(&pod))));
    }
    let wanted = Wanted {
        stdin: call.is_set("stdin"),
        stdout: call.is_set("stdout"),
        stderr: call.is_set("stderr") && !tty,
        cluster,
        pod,
        container,
        argv,
        tty,
    };
    let upgrade = call.header(header::UPGRADE.as_str()).to_lowercase();
    if upgrade == "websocket" {
        let headers = websocket::accept(call, &["v4.channel.k8s.io"])?;
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            // A client that breaks off is gone.
            let Ok(stream) = upgraded.await else { return };
            over_websocket(wanted, TokioIo::new(stream)).await;
        });
        return Ok(switching(&headers));
    }
    if upgrade == "spdy/3.1" {
        let headers = spdy::accept(call, &["v4.channel.k8s.io"])?;
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            // A client that breaks off is gone.
            let Ok(stream) = upgraded.await else { return };
            spdy::exec(wanted, TokioIo::new(stream)).await;
        });
        return Ok(switching(&headers));
    }
    Err(Status::bad_request("Upgrade request required"))
}

/// Whether a container was made for somebody who types.
fn reads(pod: &Object, container: &str) -> bool {
    let mut all = pod["spec"]["containers"].as_array().into_iter().flatten();
    all.any(|one| object::text(one, "/name") == container && one["stdin"] == true)
}

async fn over_websocket(wanted: Wanted, stream: impl crate::stream::Stream) {
    let (takes_input, shows_output, shows_errors) = (wanted.stdin, wanted.stdout, wanted.stderr);
    let attached = wanted.argv.is_none();
    let running = wanted.start();
    let (mut receive, send) = websocket::split(stream);
    let Running { stdin, stdout, stderr, ended } = running;
    let (out, err) = (
        tokio::spawn(pump(stdout, shows_output.then_some(1), send.clone())),
        tokio::spawn(pump(stderr, shows_errors.then_some(2), send.clone())),
    );
    let mut reader = tokio::spawn(async move {
        let mut stdin = takes_input.then_some(stdin);
        while let Some(message) = receive.next().await {
            match message {
                Message::Data(bytes) if bytes.first() == Some(&0) => {
                    if let Some(stdin) = &mut stdin {
                        // A program may end without reading everything.
                        drop(stdin.write_all(&bytes[1..]).await);
                    }
                }
                Message::Data(_) => {}
                Message::Close => break,
            }
        }
    });
    let over = async { tokio::join!(ended, out, err) };
    let (status, _, _) = tokio::select! {
        over = over => over,
        _ = &mut reader, if attached => return, // whoever only looked on has left
    };
    let Ok(status) = status else { return };
    let mut frame = vec![3];
    frame.extend(status.to_string().into_bytes());
    send.data(&frame).await;
    send.close().await;
    // The client closes too; one that does not is not waited for.
    drop(tokio::time::timeout(std::time::Duration::from_secs(1), reader).await);
}

async fn pump(mut from: DuplexStream, channel: Option<u8>, send: websocket::Sender) {
    let mut buffer = vec![0; 16 * 1024];
    buffer[0] = channel.unwrap_or_default();
    while let Ok(count) = from.read(&mut buffer[1..]).await {
        // What nobody wants to see is read all the same, or the program would wait.
        if count == 0 || channel.is_some() && !send.data(&buffer[..=count]).await {
            break;
        }
    }
}

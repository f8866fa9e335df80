//! Conversations with what runs in a container, over a connection that was made for something else.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

use super::{
    call::Call,
    log::{Channel, framed},
    reply::{self, Answer, Body, Failure},
};
use crate::World;

/// How many pieces wait in a conversation before its writer does.
const WAITING: usize = 64;

/// The client's side of a conversation.
pub(crate) struct Conversation {
    /// What is said; framed already unless there is a terminal.
    said: mpsc::Receiver<Bytes>,
    /// What is typed; nothing when nobody reads.
    typed: Option<mpsc::Sender<Bytes>>,
}

/// The side of what runs.
pub struct Ends {
    /// What is typed; over when the client has said all.
    pub typed: Option<mpsc::Receiver<Bytes>>,
    said: mpsc::Sender<Bytes>,
    tty: bool,
}

impl Conversation {
    /// Both sides of a new one.
    pub fn new(tty: bool, reads: bool) -> (Self, Ends) {
        let (said, hears) = mpsc::channel(WAITING);
        let (types, typed) = match reads {
            true => {
                let (types, typed) = mpsc::channel(WAITING);
                (Some(types), Some(typed))
            }
            false => (None, None),
        };
        (Self { said: hears, typed: types }, Ends { typed, said, tty })
    }
}

impl Ends {
    /// Say something. What nobody hears any more is lost.
    pub async fn say(&self, channel: Channel, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let piece = match self.tty {
            true => Bytes::from(String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\n', "\r\n")),
            false => framed(channel, bytes),
        };
        let _nobody = self.said.send(piece).await; // the client may have gone
    }
}

/// The answer that turns a request into a conversation: the connection itself when the client asks for it, a stream otherwise.
pub(crate) fn over(call: Call, conversation: Conversation) -> Response<Body> {
    let kind = "application/vnd.docker.raw-stream";
    if !call.upgrades() {
        return reply::stream(kind, reply::channel(conversation.said));
    }
    tokio::spawn(async move {
        // A client that goes before the conversation begins has no questions.
        let Ok(upgraded) = hyper::upgrade::on(call.request).await else { return };
        converse(TokioIo::new(upgraded), conversation).await;
    });
    let mut response = reply::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
    response
}

async fn converse(connection: TokioIo<hyper::upgrade::Upgraded>, mut conversation: Conversation) {
    let (mut reader, mut writer) = tokio::io::split(connection);
    let typing = tokio::spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    let Some(typed) = &conversation.typed else { continue };
                    if typed.send(Bytes::copy_from_slice(&buffer[..count])).await.is_err() {
                        conversation.typed = None; // what is typed further is thrown away
                    }
                }
            }
        }
    });
    while let Some(piece) = conversation.said.recv().await {
        if writer.write_all(&piece).await.is_err() || writer.flush().await.is_err() {
            break;
        }
    }
    let _gone = writer.shutdown().await; // the client may have closed it
    typing.abort();
}

/// `POST /containers/{id}/attach`.
pub(crate) fn attach(world: &Arc<World>, call: Call, id: &str) -> Answer {
    let (log, tty, input, running) = {
        let state = world.engine.state();
        let one = state.container(id)?;
        (Arc::clone(&one.log), one.tty(), one.input.clone(), one.is_running())
    };
    if !call.switch("stream") && !call.switch("logs") {
        return Err(Failure::bad("Either the stream or logs query parameter must be set"));
    }
    let from = if call.switch("logs") { 0 } else { log.len() };
    let (reads, stream) = (call.switch("stdin"), call.switch("stream"));
    let (conversation, ends) = Conversation::new(tty, reads);
    let (world, id) = (Arc::clone(world), id.to_owned());
    if !running {
        log.open(); // it is attached to before it starts, and told when it ends
    }
    tokio::spawn(async move { tell(&world, &id, &log, from, stream, input, ends).await });
    Ok(over(call, conversation))
}

async fn tell(
    world: &Arc<World>,
    id: &str,
    log: &super::log::Log,
    mut from: usize,
    stream: bool,
    input: Option<mpsc::Sender<Bytes>>,
    mut ends: Ends,
) {
    if let Some(mut typed) = ends.typed.take() {
        let (world, id) = (Arc::clone(world), id.to_owned());
        let mut input = input;
        tokio::spawn(async move {
            while let Some(piece) = typed.recv().await {
                // What reads is there only once the container has started.
                for _ in 0..500 {
                    input = input.or_else(|| world.engine.state().container(&id).ok()?.input.clone());
                    if input.is_some() {
                        break;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                let Some(sender) = &input else { return };
                if sender.send(piece).await.is_err() {
                    return;
                }
            }
            drop(input);
            if let Ok(one) = world.engine.state().container_mut(&id) {
                one.input = None; // the end of what is typed is the end of what is read
            }
        });
    }
    loop {
        for piece in log.from(from) {
            from += 1;
            ends.say(piece.channel, &piece.bytes).await;
        }
        if !stream || !log.more(from).await {
            return;
        }
    }
}

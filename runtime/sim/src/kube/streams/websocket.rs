//! WebSocket as a server speaks it: as much of RFC 6455 as remote commands need.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::Mutex,
};

use super::super::{call::Call, status::Status};
use crate::stream::{ByteStream, Stream};

/// How large a message of a client may be.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The headers that accept a connection, with the first protocol of the client that the server knows.
pub(super) fn accept(call: &Call, known: &[&str]) -> Result<Vec<(&'static str, String)>, Status> {
    let key = call.header("sec-websocket-key");
    if key.is_empty() || call.header("sec-websocket-version") != "13" {
        return Err(Status::bad_request("websocket: not a websocket handshake"));
    }
    let offered =
        call.header("sec-websocket-protocol").split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>();
    let Some(chosen) = offered.into_iter().find(|one| known.contains(&one.as_str())) else {
        return Err(Status::bad_request(format!(
            "unable to upgrade: none of the client's protocols is known, which are {}",
            known.join(", ")
        )));
    };
    let digest = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    let headers = vec![
        ("upgrade", "websocket".to_owned()),
        ("connection", "Upgrade".to_owned()),
        ("sec-websocket-accept", STANDARD.encode(digest)),
        ("sec-websocket-protocol", chosen),
    ];
    Ok(headers)
}

/// What a client sends.
pub(super) enum Message {
    Data(Vec<u8>),
    Close,
}

/// The half that reads.
pub(super) struct Receiver {
    from: ReadHalf<ByteStream>,
    send: Sender,
}

/// The half that writes.
#[derive(Clone)]
pub(super) struct Sender(Arc<Mutex<WriteHalf<ByteStream>>>);

/// Both halves.
pub(super) fn split(stream: impl Stream) -> (Receiver, Sender) {
    let (from, to) = tokio::io::split(Box::new(stream) as ByteStream);
    let send = Sender(Arc::new(Mutex::new(to)));
    (Receiver { from, send: send.clone() }, send)
}

impl Receiver {
    /// The next message; nothing when the client is gone or speaks nonsense.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let mut whole = Vec::new();
        loop {
            let (is_last, kind, bytes) = self.frame().await?;
            match kind {
                0..=2 => whole.extend(bytes),
                8 => return Some(Message::Close),
                9 => drop(self.send.frame(10, &bytes).await),
                _ => continue,
            }
            if kind <= 2 && is_last {
                return Some(Message::Data(whole));
            }
            if whole.len() as u64 > LARGEST {
                return None;
            }
        }
    }

    async fn frame(&mut self) -> Option<(bool, u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.from.read_exact(&mut head).await.ok()?; // the client is gone
        let length = match head[1] & 0x7f {
            126 => u64::from(self.from.read_u16().await.ok()?), // the same
            127 => self.from.read_u64().await.ok()?,            // the same
            length => u64::from(length),
        };
        if length > LARGEST || head[1] & 0x80 == 0 {
            return None;
        }
        let mut mask = [0; 4];
        self.from.read_exact(&mut mask).await.ok()?; // the same
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.from.read_exact(&mut bytes).await.ok()?; // the same
        bytes.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some((head[0] & 0x80 != 0, head[0] & 0x0f, bytes))
    }
}

impl Sender {
    /// Send bytes. Returns whether they could be sent.
    pub(super) async fn data(&self, bytes: &[u8]) -> bool {
        self.frame(2, bytes).await.is_ok()
    }

    /// Say that nothing more comes.
    pub(super) async fn close(&self) {
        drop(self.frame(8, &1000_u16.to_be_bytes()).await); // who is gone needs no farewell
    }

    async fn frame(&self, kind: u8, bytes: &[u8]) -> std::io::Result<()> {
        let mut frame = vec![0x80 | kind];
        match bytes.len() {
            length @ 0..126 => frame.push(u8::try_from(length).unwrap_or(0)),
            length @ 126..65_536 => {
                frame.push(126);
                frame.extend(u16::try_from(length).unwrap_or(0).to_be_bytes());
            }
            length => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(bytes);
        let mut to = self.0.lock().await;
        to.write_all(&frame).await?;
        to.flush().await
    }
}

//! What a command reads and where it writes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::docker::{
    Ends,
    log::{Channel, Log},
};

/// What a command reads, and where it writes.
#[derive(Clone)]
pub struct Io {
    /// Standard input.
    pub input: Input,
    /// Standard output.
    pub out: Sink,
    /// Standard error.
    pub err: Sink,
}

/// Something to read. What one has read nobody reads again.
#[derive(Clone)]
pub struct Input(Arc<tokio::sync::Mutex<Source>>);

enum Source {
    Bytes(Bytes),
    Typed(mpsc::Receiver<Bytes>),
}

impl Input {
    /// Nothing.
    pub fn none() -> Self {
        Self::bytes(Bytes::new())
    }

    /// These bytes.
    pub fn bytes(bytes: Bytes) -> Self {
        Self(Arc::new(tokio::sync::Mutex::new(Source::Bytes(bytes))))
    }

    /// What is typed.
    pub fn typed(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self(Arc::new(tokio::sync::Mutex::new(Source::Typed(receiver))))
    }

    /// Everything up to the end.
    pub async fn all(&self) -> Bytes {
        match &mut *self.0.lock().await {
            Source::Bytes(bytes) => std::mem::take(bytes),
            Source::Typed(receiver) => {
                let mut all = BytesMut::new();
                while let Some(piece) = receiver.recv().await {
                    all.extend_from_slice(&piece);
                }
                all.freeze()
            }
        }
    }
}

/// Where something is written to.
#[derive(Clone)]
pub enum Sink {
    /// Nowhere.
    Null,
    /// To a client.
    Ends(Arc<Ends>, Channel),
    /// To the log of a container; with a terminal lines end as terminals have it.
    Log(Arc<Log>, Channel, bool),
    /// Into memory.
    Buffer(Arc<Mutex<Vec<u8>>>),
}

impl Sink {
    /// To a client.
    pub fn ends(ends: &Arc<Ends>, channel: Channel) -> Self {
        Self::Ends(Arc::clone(ends), channel)
    }

    /// To a log.
    pub fn log(log: &Arc<Log>, channel: Channel, tty: bool) -> Self {
        Self::Log(Arc::clone(log), channel, tty)
    }

    /// Into memory.
    pub fn buffer() -> Self {
        Self::Buffer(Arc::default())
    }

    /// What was written into memory.
    pub fn taken(&self) -> Vec<u8> {
        match self {
            Self::Buffer(buffer) => std::mem::take(&mut *buffer.lock().unwrap_or_else(PoisonError::into_inner)),
            _ => Vec::new(),
        }
    }

    /// Write something.
    pub async fn say(&self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        match self {
            Self::Null => {}
            Self::Ends(ends, channel) => ends.say(*channel, bytes).await,
            Self::Log(log, channel, tty) => {
                for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                    let piece = match (*tty, line.strip_suffix(b"\n")) {
                        (true, Some(line)) => Bytes::from([line, b"\r\n"].concat()),
                        _ => Bytes::copy_from_slice(line),
                    };
                    log.say(*channel, piece);
                }
            }
            Self::Buffer(buffer) => {
                buffer.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            }
        }
    }
}

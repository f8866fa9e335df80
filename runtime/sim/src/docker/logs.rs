//! The logs of a container.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::{
    call::Call,
    events,
    log::{Channel, Log, Piece, framed},
    reply::{self, Answer, Failure},
};
use crate::World;

/// What of a log is wanted.
struct Wanted {
    out: bool,
    err: bool,
    timestamps: bool,
    tty: bool,
    since: Option<i64>,
    until: Option<i64>,
}

/// `GET /containers/{id}/logs`.
pub(crate) fn logs(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let (out, err, follow) = (call.switch("stdout"), call.switch("stderr"), call.switch("follow"));
    if !out && !err {
        return Err(Failure::bad("Bad parameters: you must choose at least one stream"));
    }
    let (log, tty, id) = {
        let state = world.engine.state();
        let one = state.container(id)?;
        (Arc::clone(&one.log), one.tty(), one.id.clone())
    };
    let since = events::time(call, "since")?.filter(|time| *time != 0);
    let until = events::time(call, "until")?.filter(|time| *time != 0);
    let wanted = Wanted { out, err, timestamps: call.switch("timestamps"), tty, since, until };
    // What is no number means all, as the engine has it.
    let tail = call.query("tail").and_then(|tail| tail.parse::<i64>().ok()).and_then(|tail| usize::try_from(tail).ok());
    let pieces = log.from(0);
    let seen = pieces.len();
    let fitting: Vec<&Piece> = pieces.iter().filter(|piece| wanted.has(piece)).collect();
    let skip = tail.map_or(0, |tail| fitting.len().saturating_sub(tail));
    let mut first = BytesMut::new();
    fitting[skip..].iter().for_each(|piece| first.extend_from_slice(&wanted.written(piece)));
    let kind = "application/vnd.docker.raw-stream";
    if !follow {
        return Ok(reply::bytes(kind, first.freeze()));
    }
    let (sender, chunks) = mpsc::channel(64);
    tokio::spawn(followed(log, wanted, first.freeze(), seen, sender));
    drop(id);
    Ok(reply::stream(kind, reply::channel(chunks)))
}

async fn followed(log: Arc<Log>, wanted: Wanted, first: Bytes, mut seen: usize, sender: mpsc::Sender<Bytes>) {
    if !first.is_empty() && sender.send(first).await.is_err() {
        return;
    }
    loop {
        let more = tokio::select! {
            more = log.more(seen) => more,
            () = sender.closed() => return,
        };
        if !more {
            return;
        }
        let pieces = log.from(seen);
        seen += pieces.len();
        for piece in pieces.iter().filter(|piece| wanted.has(piece)) {
            if sender.send(wanted.written(piece)).await.is_err() {
                return;
            }
        }
    }
}

impl Wanted {
    fn has(&self, piece: &Piece) -> bool {
        let at = i64::try_from(piece.time.as_nanosecond()).unwrap_or(i64::MAX);
        let channel = match piece.channel {
            Channel::Out => self.out,
            Channel::Err => self.err,
        };
        channel && self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    fn written(&self, piece: &Piece) -> Bytes {
        let bytes = match self.timestamps {
            true => Bytes::from([format!("{:.9} ", piece.time).as_bytes(), &piece.bytes].concat()),
            false => piece.bytes.clone(),
        };
        if self.tty { bytes } else { framed(piece.channel, &bytes) }
    }
}

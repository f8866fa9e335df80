//! What a container has said, and waiting for more of it.

use std::sync::{Mutex, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use tokio::sync::watch;

/// How many pieces a log keeps.
const MOST: usize = 100_000;

/// Where something was said, as streams are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Out = 1,
    /// Standard error.
    Err = 2,
}

/// Something that was said: a line, or a piece of one.
#[derive(Debug, Clone)]
pub struct Piece {
    /// When.
    pub time: Timestamp,
    /// Where.
    pub channel: Channel,
    /// What, with its end of line.
    pub bytes: Bytes,
}

/// A log. It grows until it is closed, each time the container runs anew.
#[derive(Debug)]
pub struct Log {
    pieces: Mutex<Vec<Piece>>,
    state: watch::Sender<(usize, bool)>,
}

impl Default for Log {
    fn default() -> Self {
        Self { pieces: Mutex::default(), state: watch::Sender::new((0, false)) }
    }
}

impl Log {
    /// Say something.
    pub fn say(&self, channel: Channel, bytes: impl Into<Bytes>) {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        if pieces.len() < MOST {
            pieces.push(Piece { time: Timestamp::now(), channel, bytes: bytes.into() });
        }
        let count = pieces.len();
        drop(pieces);
        self.state.send_modify(|state| state.0 = count);
    }

    /// Begin: more will be said.
    pub fn open(&self) {
        self.state.send_modify(|state| state.1 = true);
    }

    /// End: nothing more will be said for now.
    pub fn close(&self) {
        self.state.send_modify(|state| state.1 = false);
    }

    /// How much has been said.
    pub fn len(&self) -> usize {
        self.state.borrow().0
    }

    /// Everything from a place on.
    pub fn from(&self, at: usize) -> Vec<Piece> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.get(at..).unwrap_or_default().to_vec()
    }

    /// Wait until more than `at` pieces are there. Returns whether there are; not so when the log was closed before.
    pub async fn more(&self, at: usize) -> bool {
        let mut receiver = self.state.subscribe();
        // The sender lives as long as this, so there is always an answer.
        let _state = receiver.wait_for(|(count, open)| *count > at || !open).await;
        self.len() > at
    }
}

/// A piece with the header of multiplexed streams in front.
pub fn framed(channel: Channel, bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(bytes.len() + 8);
    frame.put_u8(channel as u8);
    frame.put_slice(&[0, 0, 0]);
    frame.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    frame.put_slice(bytes);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_next_piece_or_the_end() {
        let log = Log::default();
        log.open();
        log.say(Channel::Out, "a\n");
        assert!(log.more(0).await);
        let (more, ()) = tokio::join!(log.more(1), async { log.close() });
        assert!(!more);
        assert_eq!(&framed(Channel::Err, b"ab")[..], [2, 0, 0, 0, 0, 0, 0, 2, b'a', b'b']);
    }
}

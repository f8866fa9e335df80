//! A connection between peers: any stream of bytes, in memory or over a socket.

use tokio::io::{AsyncRead, AsyncWrite};

/// What a connection can do.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A connection.
pub type ByteStream = Box<dyn Stream>;

/// How many bytes a connection in memory holds before its writer waits.
const BUFFER: usize = 64 * 1024;

/// Both ends of a connection in memory.
#[must_use]
pub fn pair() -> (ByteStream, ByteStream) {
    let (one, other) = tokio::io::duplex(BUFFER);
    (Box::new(one), Box::new(other))
}

//! SPDY/3.1 as a server speaks it to kubectl: streams within one connection, without flow control, as Kubernetes does it.

use std::{collections::BTreeMap, sync::Arc};

use flate2::{Decompress, FlushDecompress};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    sync::Mutex,
    task::JoinSet,
};

use super::{
    super::{call::Call, cluster::Cluster, status::Status, store::Object},
    exec::{Running, Wanted},
    port_forward::refused,
};
use crate::{
    pods,
    stream::{ByteStream, Stream},
};

/// The dictionary of the protocol, from which compressed headers are read.
const DICTIONARY: &[u8] = include_bytes!("spdy_dictionary.bin");

/// How large a frame of a client may be.
const LARGEST: usize = 16 * 1024 * 1024;

/// A flag: nothing more comes in this direction.
const FIN: u8 = 1;

/// The headers that accept a connection.
pub(super) fn accept(call: &Call, known: &[&str]) -> Result<Vec<(&'static str, String)>, Status> {
    let offered = call.headers.get_all("x-stream-protocol-version").iter().filter_map(|value| value.to_str().ok());
    let mut offered = offered.flat_map(|one| one.split(',')).map(str::trim);
    let Some(chosen) = offered.find(|one| known.contains(one)) else {
        let known = known.join(", ");
        return Err(Status::forbidden(format!(
            "unable to upgrade: none of the client's protocols is known, which are {known}"
        )));
    };
    Ok(vec![
        ("upgrade", "SPDY/3.1".to_owned()),
        ("connection", "Upgrade".to_owned()),
        ("x-stream-protocol-version", chosen.to_owned()),
    ])
}

/// What a client sends.
enum Frame {
    /// A new stream.
    Open {
        id: u32,
        headers: BTreeMap<String, String>,
        fin: bool,
    },
    Data {
        id: u32,
        bytes: Vec<u8>,
        fin: bool,
    },
    /// The stream is broken off.
    Reset {
        id: u32,
    },
    /// Somebody wants to know whether the server is there.
    Ping {
        id: u32,
    },
    /// The connection is over.
    Goodbye,
    /// Nothing that matters here.
    Other,
}

struct Receiver {
    from: ReadHalf<ByteStream>,
    headers: Headers,
}

#[derive(Clone)]
struct Sender(Arc<Mutex<Outgoing>>);

struct Outgoing {
    to: WriteHalf<ByteStream>,
    has_sent_headers: bool,
}

fn split(stream: impl Stream) -> (Receiver, Sender) {
    let (from, to) = tokio::io::split(Box::new(stream) as ByteStream);
    let sender = Sender(Arc::new(Mutex::new(Outgoing { to, has_sent_headers: false })));
    (Receiver { from, headers: Headers::new() }, sender)
}

impl Receiver {
    /// The next frame; nothing when the client is gone or speaks nonsense.
    async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 8];
        self.from.read_exact(&mut head).await.ok()?; // the client is gone
        let word = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let flags = head[4];
        let length = usize::try_from(u32::from_be_bytes([0, head[5], head[6], head[7]])).ok()?;
        if length > LARGEST {
            return None;
        }
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).await.ok()?; // the same
        if word >> 31 == 0 {
            return Some(Frame::Data { id: word, bytes, fin: flags & FIN != 0 });
        }
        let id = || bytes.get(..4).map(|id| u32::from_be_bytes([id[0], id[1], id[2], id[3]]) & 0x7fff_ffff);
        match word & 0xffff {
            1 => {
                let headers = self.headers.read(bytes.get(10..)?)?;
                Some(Frame::Open { id: id()?, headers, fin: flags & FIN != 0 })
            }
            3 => Some(Frame::Reset { id: id()? }),
            6 => Some(Frame::Ping { id: id()? }),
            7 => Some(Frame::Goodbye),
            8 => {
                // The state of compression goes through all headers, read or not.
                self.headers.read(bytes.get(4..)?)?;
                Some(Frame::Other)
            }
            _ => Some(Frame::Other),
        }
    }
}

impl Sender {
    async fn accept(&self, id: u32) {
        let mut outgoing = self.0.lock().await;
        let mut body = id.to_be_bytes().to_vec();
        // No headers: four zero bytes, in a block that is not compressed; before the first of them the mark of compression.
        if !outgoing.has_sent_headers {
            body.extend([0x78, 0x01]);
            outgoing.has_sent_headers = true;
        }
        body.extend([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0]);
        // An empty block after it: until one comes, a reader may keep what it has to itself.
        body.extend([0, 0, 0, 0xff, 0xff]);
        outgoing.write(0x8003_0002, 0, &body).await;
    }

    /// Send bytes. Returns whether they could be sent.
    async fn data(&self, id: u32, bytes: &[u8]) -> bool {
        self.0.lock().await.write(id, 0, bytes).await
    }

    async fn finish(&self, id: u32) {
        self.0.lock().await.write(id, FIN, &[]).await;
    }

    async fn pong(&self, id: u32) {
        self.0.lock().await.write(0x8003_0006, 0, &id.to_be_bytes()).await;
    }

    async fn goodbye(&self) {
        let mut outgoing = self.0.lock().await;
        outgoing.write(0x8003_0007, 0, &[0; 8]).await;
        drop(outgoing.to.shutdown().await); // who is gone needs no farewell
    }
}

impl Outgoing {
    async fn write(&mut self, word: u32, flags: u8, bytes: &[u8]) -> bool {
        let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
        let mut frame = word.to_be_bytes().to_vec();
        frame.extend([flags, length[1], length[2], length[3]]);
        frame.extend(bytes);
        self.to.write_all(&frame).await.is_ok() && self.to.flush().await.is_ok()
    }
}

/// The reader of compressed headers; each block goes on where the last has ended.
struct Headers {
    inflate: Decompress,
    has_begun: bool,
}

impl Headers {
    fn new() -> Self {
        Self { inflate: Decompress::new(false), has_begun: false }
    }

    fn read(&mut self, block: &[u8]) -> Option<BTreeMap<String, String>> {
        let mut block = block;
        if !self.has_begun {
            self.has_begun = true;
            // A block that is not compressed puts the dictionary where later ones can refer to it.
            let length = u16::try_from(DICTIONARY.len()).ok()?; // it is shorter
            let mut first = vec![0];
            first.extend(length.to_le_bytes());
            first.extend((!length).to_le_bytes());
            first.extend(DICTIONARY);
            self.inflate(&first)?;
            // Two bytes say how it is compressed, four with which dictionary.
            block = block.get(6..)?;
        }
        parse(&self.inflate(block)?)
    }

    fn inflate(&mut self, mut input: &[u8]) -> Option<Vec<u8>> {
        let mut output = Vec::with_capacity(4096);
        loop {
            let (read, written) = (self.inflate.total_in(), output.len());
            self.inflate.decompress_vec(input, &mut output, FlushDecompress::Sync).ok()?; // nonsense ends the connection
            input = input.get(usize::try_from(self.inflate.total_in() - read).ok()?..)?;
            let is_full = output.len() == output.capacity();
            if !is_full && (input.is_empty() || output.len() == written) {
                return Some(output);
            }
            output.reserve(4096);
            if output.len() > LARGEST {
                return None;
            }
        }
    }
}

fn parse(mut bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    fn number(bytes: &mut &[u8]) -> Option<usize> {
        let (first, rest) = bytes.split_first_chunk::<4>()?;
        *bytes = rest;
        usize::try_from(u32::from_be_bytes(*first)).ok()
    }
    fn text(bytes: &mut &[u8]) -> Option<String> {
        let length = number(bytes)?;
        let (first, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(String::from_utf8_lossy(first).into_owned())
    }
    let count = number(&mut bytes)?;
    let mut headers = BTreeMap::new();
    for _ in 0..count {
        let name = text(&mut bytes)?.to_lowercase();
        headers.insert(name, text(&mut bytes)?);
    }
    Some(headers)
}

/// Let a program run over a connection.
pub(super) async fn exec(wanted: Wanted, stream: impl Stream) {
    let (mut receive, send) = split(stream);
    let expected = 1 + [wanted.stdin, wanted.stdout, wanted.stderr].into_iter().filter(|one| *one).count();
    let mut streams: BTreeMap<String, u32> = BTreeMap::new();
    while streams.len() < expected {
        match receive.next().await {
            Some(Frame::Open { id, headers, .. }) => {
                send.accept(id).await;
                let kind = headers.get("streamtype").cloned().unwrap_or_default();
                if kind != "resize" {
                    streams.insert(kind, id);
                }
            }
            Some(Frame::Ping { id }) => send.pong(id).await,
            Some(Frame::Goodbye) | None => return,
            Some(_) => {}
        }
    }
    let Running { stdin, stdout, stderr, ended } = wanted.start();
    let mut pumps = JoinSet::new();
    for (kind, from) in [("stdout", stdout), ("stderr", stderr)] {
        pumps.spawn(pump(from, streams.get(kind).copied(), send.clone()));
    }
    let mut reader = tokio::spawn(feed(receive, send.clone(), streams.get("stdin").copied(), stdin));
    let status = tokio::select! {
        status = ended => status,
        _ = &mut reader => return, // the client has left
    };
    let Ok(status) = status else { return };
    while pumps.join_next().await.is_some() {}
    if let Some(error) = streams.get("error") {
        send.data(*error, status.to_string().as_bytes()).await;
        send.finish(*error).await;
    }
    // The client hangs up when it has read everything; one that does not is not waited for.
    drop(tokio::time::timeout(std::time::Duration::from_secs(1), reader).await);
    send.goodbye().await;
}

async fn pump(mut from: DuplexStream, id: Option<u32>, send: Sender) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        if let Some(id) = id {
            send.data(id, &buffer[..count]).await;
        }
    }
    if let Some(id) = id {
        send.finish(id).await;
    }
}

async fn feed(mut receive: Receiver, send: Sender, input: Option<u32>, stdin: DuplexStream) {
    let mut stdin = input.is_some().then_some(stdin);
    while let Some(frame) = receive.next().await {
        match frame {
            Frame::Data { id, bytes, fin } if Some(id) == input => {
                if let Some(to) = &mut stdin {
                    // A program may end without reading everything.
                    drop(to.write_all(&bytes).await);
                }
                if fin {
                    stdin = None;
                }
            }
            Frame::Open { id, .. } => send.accept(id).await,
            Frame::Ping { id } => send.pong(id).await,
            Frame::Goodbye => return,
            Frame::Reset { .. } | Frame::Data { .. } | Frame::Other => {}
        }
    }
}

/// Forward ports of a pod over a connection: two streams for each that a client opens, one for what goes wrong.
pub(super) async fn port_forward(cluster: Arc<Cluster>, pod: Object, stream: impl Stream) {
    let (mut receive, send) = split(stream);
    let mut errors: BTreeMap<String, u32> = BTreeMap::new();
    let mut inputs: BTreeMap<u32, WriteHalf<ByteStream>> = BTreeMap::new();
    while let Some(frame) = receive.next().await {
        match frame {
            Frame::Open { id, headers, fin } => {
                send.accept(id).await;
                let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
                if header("streamtype") == "error" {
                    errors.insert(header("requestid"), id);
                    continue;
                }
                let error = errors.remove(&header("requestid"));
                let port = header("port").parse().unwrap_or(0);
                match pods::connect(&cluster, &pod, port) {
                    Ok(stream) => {
                        let (from, to) = tokio::io::split(stream);
                        if !fin {
                            inputs.insert(id, to);
                        }
                        tokio::spawn(carry(from, id, error, send.clone()));
                    }
                    Err(why) => {
                        if let Some(error) = error {
                            send.data(error, refused(&pod, port, &why).as_bytes()).await;
                            send.finish(error).await;
                        }
                        send.finish(id).await;
                    }
                }
            }
            Frame::Data { id, bytes, fin } => {
                if let Some(to) = inputs.get_mut(&id) {
                    // What the pod's side no longer reads is lost, as in life.
                    drop(to.write_all(&bytes).await);
                    if fin {
                        drop(to.shutdown().await); // the same
                        inputs.remove(&id);
                    }
                }
            }
            Frame::Reset { id } => drop(inputs.remove(&id)),
            Frame::Ping { id } => send.pong(id).await,
            Frame::Goodbye => break,
            Frame::Other => {}
        }
    }
}

async fn carry(mut from: ReadHalf<ByteStream>, id: u32, error: Option<u32>, send: Sender) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 || !send.data(id, &buffer[..count]).await {
            break;
        }
    }
    send.finish(id).await;
    if let Some(error) = error {
        send.finish(error).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn headers_are_read_block_after_block() {
        let mut plain = 1_u32.to_be_bytes().to_vec();
        for text in ["StreamType", "error"] {
            plain.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            plain.extend(text.as_bytes());
        }
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflate.write_all(&plain).unwrap();
        deflate.flush().unwrap();
        let first = deflate.get_ref().clone();
        deflate.write_all(&plain).unwrap();
        deflate.flush().unwrap();
        let second = deflate.get_ref()[first.len()..].to_vec();
        let mut headers = Headers::new();
        let mut block = vec![0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2];
        block.extend(&first);
        let wanted = BTreeMap::from([("streamtype".to_owned(), "error".to_owned())]);
        assert_eq!(headers.read(&block).unwrap(), wanted);
        assert_eq!(headers.read(&second).unwrap(), wanted);
    }
}

//! Malformed requests, the same for the same seed: methods, paths, headers and bodies of all sorts, whole, cut off or left alone.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

/// Whose words the requests are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Engine,
    ApiServer,
}

/// What becomes of a connection once the request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The answer is read.
    Listen,
    /// No more is written, and the answer is read.
    HalfClose,
    /// It is dropped at once.
    Leave,
}

/// A request.
#[derive(Debug)]
pub struct Request {
    pub bytes: Vec<u8>,
    pub end: End,
    /// Whether it comes without the encryption that the server expects.
    pub plain: bool,
}

impl Request {
    /// How it begins, for the eye.
    pub fn beginning(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(200)]).into_owned();
        format!("{:?} {}", self.end, text.escape_debug())
    }
}

const METHODS: [&str; 14] =
    ["GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW", "CONNECT", "get", "G(T"];
const VERSIONS: [&str; 8] =
    ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/9.9", "HTTP/1.1\u{0}", ""];
const ENGINE: [&str; 26] = [
    "/v1.41/containers/json",
    "/v1.41/containers/create",
    "/v1.41/containers/prune",
    "/v1.41/containers/none/json",
    "/v1.41/containers/none/start",
    "/v1.41/containers/none/archive",
    "/v1.41/containers/none/attach",
    "/v1.41/containers/none/exec",
    "/v1.41/containers/none/logs",
    "/v1.41/containers/none/wait",
    "/v1.41/exec/none/start",
    "/v1.41/images/create",
    "/v1.41/images/load",
    "/v1.41/images/json",
    "/v1.41/images/none/json",
    "/v1.41/images/get",
    "/v1.41/networks/create",
    "/v1.41/networks/kind/connect",
    "/v1.41/networks",
    "/v1.41/volumes/create",
    "/v1.41/volumes",
    "/v1.41/auth",
    "/v1.41/session",
    "/v0.1/info",
    "/v99999999999.1/info",
    "/_ping",
];
const API_SERVER: [&str; 28] = [
    "/api/v1/namespaces",
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/configmaps/none",
    "/api/v1/namespaces/default/pods/none/log",
    "/api/v1/namespaces/default/pods/none/exec",
    "/api/v1/namespaces/default/pods/none/portforward",
    "/api/v1/namespaces/default/pods/none/binding",
    "/api/v1/namespaces/default/pods/none/eviction",
    "/api/v1/namespaces/default/services/none:x:y/proxy/a/b",
    "/api/v1/namespaces/default/serviceaccounts/default/token",
    "/api/v1/nodes/none/status",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/apps/v1/namespaces/default/deployments/none",
    "/apis/apps/v1/namespaces/default/deployments/none/scale",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    "/apis/none.example.com/v1/nothings",
    "/api/v7/pods",
    "/apis",
    "/openapi/v3/apis/apps/v1",
    "/openapi/v2",
    "/healthz",
    "/version",
    "/",
];
const QUERIES: [&str; 22] = [
    "filters=%5B%5B%5B",
    "filters=%7B%22label%22%3A7%7D",
    "all=perhaps",
    "limit=-1",
    "limit=99999999999999999999",
    "continue=%00%01",
    "labelSelector=%28%28%28",
    "labelSelector=a%20notin",
    "fieldSelector=%3D%3D%3D",
    "resourceVersion=x",
    "resourceVersionMatch=Odd",
    "watch=true&timeoutSeconds=-1",
    "dryRun=Some",
    "fieldManager=%F0%9F%98%80",
    "fieldValidation=Odd",
    "propagationPolicy=Odd",
    "gracePeriodSeconds=x",
    "path=..%2F..%2F..",
    "fromImage=A%20b&tag=%2F",
    "fromSrc=-&repo=%2F%2F",
    "command=&stdin=x&container=%0A",
    "%zz=%zz&=&&&",
];
const HEADERS: [&str; 24] = [
    "Content-Type: application/json",
    "Content-Type: application/json",
    "Content-Type: application/json-patch+json",
    "Content-Type: application/merge-patch+json",
    "Content-Type: application/strategic-merge-patch+json",
    "Content-Type: application/apply-patch+yaml",
    "Content-Type: application/vnd.kubernetes.protobuf",
    "Content-Type: \u{1}",
    "Content-Length: -5",
    "Content-Length: 99999999999999999999",
    "Content-Length: 3, 4",
    "Transfer-Encoding: gzip, odd",
    "Accept: application/json;as=Table;v=v9;g=none",
    "Accept: ;;;",
    "Authorization: Bearer a.b.c",
    "Authorization: Basic ****",
    "Impersonate-User: system:admin",
    "Impersonate-Group: a",
    "Upgrade: SPDY/3.1\r\nConnection: Upgrade",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
    "Upgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: x",
    "X-Registry-Auth: bm90aGluZw",
    "Expect: 100-continue",
    "no colon here",
];

/// Makes requests out of chance.
pub struct Generator {
    chance: StdRng,
    peer: Peer,
}

impl Generator {
    pub fn new(seed: u64, peer: Peer) -> Self {
        Self { chance: StdRng::seed_from_u64(seed), peer }
    }

    pub fn request(mut self) -> Request {
        let mut bytes = match self.chance.random_range(0..20) {
            0 => self.noise(2_000),
            1 => [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), self.noise(400)].concat(),
            _ => self.message(),
        };
        if self.chance.random_ratio(1, 4) {
            bytes.truncate(self.chance.random_range(1..=bytes.len()));
        }
        let plain = self.chance.random_ratio(1, 20);
        let end = match self.chance.random_range(0..10) {
            0..2 => End::Leave,
            2..4 if is_whole(&bytes) => End::Listen,
            _ => End::HalfClose,
        };
        Request { bytes, end, plain }
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(&mut self.chance).unwrap()
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        let length = self.chance.random_range(1..most);
        (0..length).map(|_| self.chance.random()).collect()
    }

    fn message(&mut self) -> Vec<u8> {
        let (method, path, version) = (self.pick(&METHODS), self.path(), self.pick(&VERSIONS));
        let mut message = format!("{method} {path} {version}\r\n").into_bytes();
        if self.chance.random_ratio(9, 10) {
            message.extend_from_slice(b"Host: x\r\n");
        }
        for _ in 0..self.chance.random_range(0..4) {
            message.extend_from_slice(format!("{}\r\n", self.pick(&HEADERS)).as_bytes());
        }
        match self.chance.random_range(0..30) {
            0 => (0..300).for_each(|index| message.extend_from_slice(format!("X-{index}: y\r\n").as_bytes())),
            1 => message.extend_from_slice(format!("X-Long: {}\r\n", "y".repeat(100_000)).as_bytes()),
            2 => message.extend_from_slice(b"X-Odd: \xff\xfe\x00\r\n"),
            _ => {}
        }
        let body = self.body();
        match self.chance.random_range(0..6) {
            0 => message.extend_from_slice(b"\r\n"),
            1 => message.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len() + 50).as_bytes()),
            2 => {
                message.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                let sizes = ["zz".to_owned(), "ffffffffffffffffff".to_owned(), format!("{:x}", body.len())];
                let size = sizes.choose(&mut self.chance).unwrap();
                message.extend_from_slice(format!("{size}\r\n").as_bytes());
            }
            _ => message.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes()),
        }
        message.extend_from_slice(&body);
        message
    }

    fn path(&mut self) -> String {
        let known = match self.peer {
            Peer::Engine => self.pick(&ENGINE),
            Peer::ApiServer => self.pick(&API_SERVER),
        };
        let odd = match self.chance.random_range(0..12) {
            0 => format!("{known}/%zz"),
            1 => format!("{known}/%00%ff"),
            2 => format!("/{}", "x".repeat(self.chance.random_range(1..9_000))),
            3 => format!("{known}/../../etc"),
            4 => format!("//{known}//"),
            5 => format!("http://elsewhere{known}"),
            6 => format!("{known}/{}", self.chance.random::<u64>()),
            _ => known.to_owned(),
        };
        let mut queries: Vec<&str> = Vec::new();
        for _ in 0..self.chance.random_range(0..3) {
            queries.push(self.pick(&QUERIES));
        }
        if queries.is_empty() { odd } else { format!("{odd}?{}", queries.join("&")) }
    }

    /// A body that no server can do anything with: no valid document describes an object in full.
    fn body(&mut self) -> Vec<u8> {
        match self.chance.random_range(0..14) {
            0 => Vec::new(),
            1 => self.noise(500),
            2 => "[".repeat(20_000).into_bytes(),
            3 => r#"{"a":"#.repeat(5_000).into_bytes(),
            4 => b"{\"metadata\":{\"name\":\"\xff\xfe\"}}".to_vec(),
            5 => br#"{"metadata":{"name":7,"labels":[1]},"spec":"no"}"#.to_vec(),
            6 => br#"{"apiVersion":"v9","kind":"Nothing","metadata":null}"#.to_vec(),
            7 => br#"[{"op":"move","path":"/a"},{"op":7}]"#.to_vec(),
            8 => br#"{"spec":1e999,"Image":{},"Name":[],"HostConfig":"no"}"#.to_vec(),
            9 => aliases().into_bytes(),
            10 => b"a: [b\n c: {d".to_vec(),
            11 => b"null".to_vec(),
            12 => format!("\"{}\"", "z".repeat(self.chance.random_range(1..200_000))).into_bytes(),
            _ => br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A B","namespace":"default"},"data":{"a":["#.to_vec(),
        }
    }
}

/// YAML that is a thousand times larger once its aliases are followed, and again, and again.
fn aliases() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let inner = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [inner.as_str(); 10].join(", ")));
    }
    text
}

/// Whether a server has heard all that it can wait for: a head with its end, and no body to come.
fn is_whole(bytes: &[u8]) -> bool {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    head.is_some_and(|end| {
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        !head.contains("content-length")
            && !head.contains("transfer-encoding")
            && !head.contains("upgrade")
            && head.contains("http/1.")
    })
}

//! Requests and answers of HTTP, as far as the mesh and the programs in pods care.

/// A request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The host that is asked, without its port.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: &'a str,
    /// Headers.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
    /// How many attempts a proxy makes, when a route says so.
    pub attempts: Option<usize>,
    /// How many milliseconds the client waits.
    pub limit: Option<u64>,
}

impl Request<'_> {
    /// A request that only finds out whether somebody listens.
    pub fn probe() -> Self {
        Self { method: "HEAD", host: "", port: 0, path: "/", headers: &[], body: &[], attempts: None, limit: None }
    }

    /// Whether it asks for nothing but that.
    pub fn is_probe(&self) -> bool {
        self.method == "HEAD" && self.host.is_empty()
    }

    /// The path without its query.
    pub fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// A header.
    pub fn header(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Default for Content {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: Vec::new() }
    }
}

impl Content {
    /// A text.
    pub fn text(status: u16, kind: &str, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body: body.into().into_bytes() }
    }

    /// JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::text(200, "application/json", format!("{value:#}\n"))
    }

    /// What a proxy answers when nobody else does.
    pub fn unavailable(text: &str) -> Self {
        Self::text(503, "text/plain", text).served_by_envoy()
    }

    /// Whether a proxy made it because nobody else answered.
    pub fn is_from_proxy(&self) -> bool {
        self.status == 503 && (self.body.starts_with(b"upstream connect error") || self.body.starts_with(b"no healthy"))
    }

    /// The header that proxies add.
    #[must_use]
    pub fn served_by_envoy(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "server");
        self.headers.push(("server".to_owned(), "envoy".to_owned()));
        self
    }
}

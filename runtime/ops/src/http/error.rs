//! Why a request did not get the answer that was expected.

use meshrun_terms::{Bytes, Timeout};

/// Why a request did not get the answer that was expected.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// A text that is no URL.
    #[error("expected a URL that begins with http:// or https://, found `{0}`")]
    #[diagnostic(code("http::url"))]
    Url(String),

    /// An option that HTTP cannot carry.
    #[error("expected {expected}, found `{found}`")]
    #[diagnostic(code("http::option"))]
    Option {
        /// The rule.
        expected: &'static str,
        /// What was given.
        found: String,
    },

    /// Certificates that are none.
    #[error("expected certificates in PEM in `ca`")]
    #[diagnostic(code("http::option"))]
    Certificates(#[source] reqwest::Error),

    /// No client could be made.
    #[error("cannot make an HTTP client")]
    #[diagnostic(
        code("http::client"),
        help("for https, the machine's certificates are needed: install `ca-certificates`, or give `ca`")
    )]
    Client(#[source] reqwest::Error),

    /// There was no answer.
    #[error("cannot reach {url}")]
    #[diagnostic(code("http::unreachable"))]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },

    /// The answer ended early.
    #[error("{url}: the answer with status {status} ended early, after {received} bytes")]
    #[diagnostic(code("http::unreachable"))]
    Truncated {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// How much of the body came.
        received: usize,
        /// How the connection ended.
        #[source]
        source: reqwest::Error,
    },

    /// Another status than expected.
    #[error("{url}: expected status {expected}, found {found}{body}")]
    #[diagnostic(code("http::status"), help("statuses that are no failure can be named with `expected: [404]`"))]
    Status {
        /// The address.
        url: String,
        /// What was expected.
        expected: String,
        /// What came.
        found: u16,
        /// The beginning of the body, on lines of its own.
        body: String,
    },

    /// It took too long.
    #[error("{url}: no whole answer within {after}; {seen}")]
    #[diagnostic(code("http::timeout"), help("give it more time with `timeout`"))]
    Timeout {
        /// The address.
        url: String,
        /// The limit.
        after: Timeout,
        /// The last state seen.
        seen: String,
    },

    /// More than a script should hold.
    #[error("{url}: the body is larger than {limit}")]
    #[diagnostic(code("http::too_large"), help("fetch it into a file with `release::fetch`"))]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: Bytes,
    },

    /// A body that is no text.
    #[error("{url}: the body is not UTF-8 text")]
    #[diagnostic(code("http::not_text"), help("get it with the option `base64: true`"))]
    NotText {
        /// The address.
        url: String,
        /// Where it ceases to be text.
        #[source]
        source: std::string::FromUtf8Error,
    },
}

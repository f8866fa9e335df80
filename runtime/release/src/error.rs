//! Why a release could not be had.

use std::{io, path::PathBuf};

use meshrun_terms::{Bytes, Timeout};

use crate::Sha256Digest;

/// Why a release or a file could not be had. Nothing incomplete is left behind, whatever it is.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// A release could not be downloaded; the source says why.
    #[error("cannot get {what}")]
    #[diagnostic(
        code("release::unavailable"),
        help(
            "without network, point `--release-dir` or MESHRUN_RELEASES at a folder with {layout} in it; \
             for a mirror, set {mirror} or the option `url`"
        )
    )]
    Unavailable {
        /// The release: `Istio 1.20.1`.
        what: String,
        /// What a folder of unpacked releases would have.
        layout: String,
        /// The environment variable for another address.
        mirror: &'static str,
        /// Why.
        #[source]
        source: Box<Error>,
    },

    /// A version that cannot be one.
    #[error("expected a version such as `{example}`, found `{found}`")]
    #[diagnostic(code("release::version"))]
    Version {
        /// A good one.
        example: &'static str,
        /// What was given.
        found: String,
    },

    /// A text that is no URL.
    #[error("expected a URL that begins with http:// or https://, found `{0}`")]
    #[diagnostic(code("release::url"))]
    Url(String),

    /// The HTTP client could not be made.
    #[error("cannot make an HTTPS client")]
    #[diagnostic(
        code("release::client"),
        help("the machine's certificates are needed: install `ca-certificates`, or set SSL_CERT_FILE")
    )]
    Client(#[source] reqwest::Error),

    /// The server could not be reached, or the connection broke.
    #[error("cannot reach {url}")]
    #[diagnostic(code("release::unreachable"), help("check the network, and HTTPS_PROXY if there is a proxy"))]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },

    /// The server answered something else than yes.
    #[error("{url}: the server answered {status}")]
    #[diagnostic(code("release::status"), help("{}", status_help(*status)))]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: reqwest::StatusCode,
    },

    /// One redirect after the other, or one to where no redirect should lead.
    #[error("{url}: the server's redirects lead nowhere")]
    #[diagnostic(code("release::redirects"), help("at most 10 redirects are followed, and none from https to http"))]
    Redirects {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },

    /// The body ended early.
    #[error("{url}: the download ended early, expected {expected}, found {received} bytes")]
    #[diagnostic(code("release::truncated"), help("try again; if it persists, the server or a proxy cuts it off"))]
    Truncated {
        /// The address.
        url: String,
        /// What the server announced: `52 bytes`, or `more` when it announced nothing.
        expected: String,
        /// How many bytes came.
        received: u64,
        /// How the connection ended.
        #[source]
        source: Option<reqwest::Error>,
    },

    /// What came is not what was promised.
    #[error("{url}: expected SHA-256 {expected}, found {found}")]
    #[diagnostic(
        code("release::digest"),
        help("the download was thrown away: the server, a mirror or a proxy serves something else than the release")
    )]
    Digest {
        /// The address.
        url: String,
        /// The published or pinned digest.
        expected: Sha256Digest,
        /// The digest of what came.
        found: Sha256Digest,
    },

    /// The file that should have the digest does not.
    #[error("{url}: expected a SHA-256 digest, found `{found}`")]
    #[diagnostic(code("release::digest"))]
    NoDigest {
        /// The address.
        url: String,
        /// Its beginning.
        found: String,
    },

    /// Larger than anything expected.
    #[error("{what} is larger than {limit}")]
    #[diagnostic(code("release::too_large"))]
    TooLarge {
        /// The address, or the file in an archive.
        what: String,
        /// The limit.
        limit: Bytes,
    },

    /// It took too long.
    #[error("{what} took longer than {after}: {seen}")]
    #[diagnostic(code("release::timeout"), help("give it more time with `timeout`"))]
    Timeout {
        /// The act.
        what: String,
        /// The limit.
        after: Timeout,
        /// The last state seen.
        seen: String,
    },

    /// An archive with an entry that it should not have.
    #[error("the archive has `{entry}`, {reason}; nothing of it is kept")]
    #[diagnostic(code("release::archive"))]
    Entry {
        /// The path in the archive.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// An archive that cannot be read.
    #[error("cannot unpack the archive of {what}")]
    #[diagnostic(code("release::archive"))]
    Archive {
        /// The release.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// A folder that should be a release, and is not.
    #[error("{folder} is not a release: it has no `{missing}`", folder = folder.display())]
    #[diagnostic(code("release::incomplete"), help("a release has the layout of the unpacked archive"))]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// What it lacks.
        missing: String,
    },

    /// A file could not be read.
    #[error("cannot read {path}", path = path.display())]
    #[diagnostic(code("release::unreadable"))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// A file or folder could not be written.
    #[error("cannot write {path}", path = path.display())]
    #[diagnostic(code("release::unwritable"), help("check the space and the permissions there"))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// A task of our own ended without a result.
    #[error("unpacking ended without a result")]
    #[diagnostic(code("bug::release"))]
    Task(#[source] tokio::task::JoinError),
}

impl Error {
    /// Whether it may go away by itself when the same is tried again.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Truncated { .. } => true,
            Self::Status { status, .. } => status.is_server_error() || status.as_u16() == 429,
            _ => false,
        }
    }

    /// Whether it is about reaching the other side, so that another source could help.
    pub(crate) fn is_about_source(&self) -> bool {
        matches!(
            self,
            Self::Client(_)
                | Self::Unreachable { .. }
                | Self::Status { .. }
                | Self::Redirects { .. }
                | Self::Truncated { .. }
                | Self::Timeout { .. }
                | Self::NoDigest { .. }
        )
    }
}

/// What the user can do about a status.
fn status_help(status: reqwest::StatusCode) -> &'static str {
    match status.as_u16() {
        404 | 410 => "there is no such file: check the version and the address",
        401 | 403 | 407 => {
            "the server wants to know who asks: credentials may stand in the URL, as https://user:token@host/"
        }
        _ => "try again later, or name a mirror",
    }
}

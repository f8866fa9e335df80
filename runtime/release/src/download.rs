//! One download: streamed into a file, counted, limited, its digest taken on the way.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use meshrun_terms::{Bytes as Size, Steps, Timeout};
use reqwest::{Client, ClientBuilder, Response, Url, redirect};
use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

use crate::{Error, Sha256Digest};

const CONNECT: Duration = Duration::from_secs(20);
/// A server that sends nothing for so long has hung up.
const SILENCE: Duration = Duration::from_secs(60);
/// Servers of releases fail now and then; more than this is not by chance.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);
const TELL_EVERY: u64 = 256 << 10;

/// What to download.
pub(crate) struct Download<'a> {
    /// The address.
    pub url: &'a str,
    /// What it is, for progress: `istio 1.20.1`.
    pub what: &'a str,
    /// More is refused.
    pub limit: Size,
}

/// A client for this address: identifies itself, follows redirects, knows the machine's certificates when they are needed and does not
/// ask for them when they are not.
///
/// # Errors
/// When the text is no URL, or the machine has no certificates.
pub fn client(url: &str) -> Result<Client, Error> {
    let secure = parse(url)?.scheme() == "https";
    match builder(secure).build() {
        Ok(client) => Ok(client),
        Err(source) if secure => Err(Error::Client(source)),
        Err(_) => builder(secure).tls_certs_only([]).build().map_err(Error::Client), // no certificates here, and none needed
    }
}

fn builder(secure: bool) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("meshrun/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(redirect::Policy::limited(10))
        .https_only(secure)
        .no_gzip() // the digest is that of the file, not of what it unpacks to
}

/// The URL as it may be shown: without password.
pub fn shown(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    if parsed.password().is_some() && parsed.set_password(Some("secret")).is_err() {
        return parsed.host_str().unwrap_or_default().to_owned();
    }
    parsed.to_string()
}

/// Download into this file, which is written over. Returns the digest of what came.
pub(crate) async fn to_file(
    wanted: &Download<'_>,
    path: &Path,
    timeout: Timeout,
    steps: &Steps,
) -> Result<Sha256Digest, Error> {
    let received = AtomicU64::new(0);
    within(wanted, timeout, &received, async {
        let client = client(wanted.url)?;
        let mut tries = Tries::default();
        loop {
            let attempt = fill(&client, wanted, path, &received, steps).await;
            if tries.is_last(&attempt, steps).await {
                return attempt;
            }
        }
    })
    .await
}

/// Download a short text.
pub(crate) async fn to_text(wanted: &Download<'_>, timeout: Timeout, steps: &Steps) -> Result<String, Error> {
    let received = AtomicU64::new(0);
    within(wanted, timeout, &received, async {
        let client = client(wanted.url)?;
        let mut tries = Tries::default();
        loop {
            let attempt = collect(&client, wanted, &received, steps).await;
            if tries.is_last(&attempt, steps).await {
                return attempt;
            }
        }
    })
    .await
}

async fn fill(
    client: &Client,
    wanted: &Download<'_>,
    path: &Path,
    received: &AtomicU64,
    steps: &Steps,
) -> Result<Sha256Digest, Error> {
    let cannot_write = |source| Error::Write { path: path.to_owned(), source };
    let mut file = BufWriter::new(File::create(path).await.map_err(cannot_write)?);
    let mut hasher = Sha256::new();
    let mut body = Body::open(client, wanted, received).await?;
    while let Some(chunk) = body.next(steps).await? {
        hasher.update(&chunk);
        file.write_all(&chunk).await.map_err(cannot_write)?;
    }
    file.flush().await.map_err(cannot_write)?;
    Ok(Sha256Digest::from_hasher(hasher))
}

async fn collect(client: &Client, wanted: &Download<'_>, received: &AtomicU64, steps: &Steps) -> Result<String, Error> {
    let mut text = Vec::new();
    let mut body = Body::open(client, wanted, received).await?;
    while let Some(chunk) = body.next(steps).await? {
        text.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Tries of one download.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    /// Whether this result stands: a success, a failure for good, or one too many. Otherwise pauses before the next try.
    async fn is_last<T>(&mut self, result: &Result<T, Error>, steps: &Steps) -> bool {
        self.0 += 1;
        match result {
            Err(error) if error.is_passing() && self.0 < ATTEMPTS => {
                steps.warning(format!("{error}; trying again"));
                tokio::time::sleep(PAUSE * self.0).await;
                false
            }
            _ => true,
        }
    }
}

/// The work, ended when its time is over.
async fn within<T>(
    wanted: &Download<'_>,
    timeout: Timeout,
    received: &AtomicU64,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(timeout.duration(), work).await.unwrap_or_else(|_| {
        let seen = format!("{} bytes had come", received.load(Ordering::Relaxed));
        Err(Error::Timeout { what: format!("downloading {}", shown(wanted.url)), after: timeout, seen })
    })
}

/// A response under way.
struct Body<'a> {
    wanted: &'a Download<'a>,
    response: Response,
    total: Option<u64>,
    received: &'a AtomicU64,
    told: u64,
}

impl<'a> Body<'a> {
    async fn open(client: &Client, wanted: &'a Download<'_>, received: &'a AtomicU64) -> Result<Self, Error> {
        received.store(0, Ordering::Relaxed);
        let url = || shown(wanted.url);
        let response = client.get(wanted.url).send().await.map_err(|error| unanswered(url(), error))?;
        if !response.status().is_success() {
            return Err(Error::Status { url: url(), status: response.status() });
        }
        let total = response.content_length();
        if total.is_some_and(|total| total > wanted.limit.0) {
            return Err(Error::TooLarge { what: url(), limit: wanted.limit });
        }
        Ok(Self { wanted, response, total, received, told: 0 })
    }

    /// The next piece; none at the end, which is only reached when everything has come that was announced.
    async fn next(&mut self, steps: &Steps) -> Result<Option<Bytes>, Error> {
        let before = self.received.load(Ordering::Relaxed);
        let chunk = match self.response.chunk().await {
            Ok(chunk) => chunk,
            Err(source) => return Err(self.truncated(before, Some(source.without_url()))),
        };
        let Some(chunk) = chunk else {
            steps.count(self.wanted.what, before, before);
            return if self.total.is_some_and(|total| total != before) {
                Err(self.truncated(before, None))
            } else {
                Ok(None)
            };
        };
        let received = before + chunk.len() as u64;
        self.received.store(received, Ordering::Relaxed);
        if received > self.wanted.limit.0 {
            return Err(Error::TooLarge { what: shown(self.wanted.url), limit: self.wanted.limit });
        }
        if received - self.told >= TELL_EVERY {
            self.told = received;
            steps.count(self.wanted.what, received, self.total.unwrap_or(0));
        }
        Ok(Some(chunk))
    }

    fn truncated(&self, received: u64, source: Option<reqwest::Error>) -> Error {
        let expected = self.total.map_or_else(|| "more".to_owned(), |total| format!("{total} bytes"));
        Error::Truncated { url: shown(self.wanted.url), expected, received, source }
    }
}

/// Why there was no answer.
fn unanswered(url: String, source: reqwest::Error) -> Error {
    let leads_astray = source.is_redirect();
    let source = source.without_url();
    if leads_astray { Error::Redirects { url, source } } else { Error::Unreachable { url, source } }
}

fn parse(url: &str) -> Result<Url, Error> {
    let wrong = || Error::Url(shown(url));
    let parsed = Url::parse(url).map_err(|_| wrong())?; // which part of it is wrong does not help: it is shown whole
    if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() { Ok(parsed) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(shown("https://me:hunter2@mirror.example/a?b=c"), "https://me:secret@mirror.example/a?b=c");
        assert_eq!(shown("https://mirror.example/a"), "https://mirror.example/a");
        assert!(parse("ftp://a/b").is_err() && parse("a/b").is_err() && parse("http://a/b").is_ok());
    }
}

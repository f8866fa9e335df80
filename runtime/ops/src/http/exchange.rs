//! One request and its answer.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use meshrun_host::Value;
use meshrun_release::shown;
use meshrun_terms::{Bytes, Timeout};
use reqwest::{
    Certificate, Client, ClientBuilder, Method, NoProxy, Proxy, RequestBuilder, Response, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::Serialize;

use super::error::Error;
use crate::base64;

const LIMIT: Bytes = Bytes(64 << 20);
/// So much of a body is shown in an error.
const EXCERPT: usize = 500;

/// A request as data.
#[derive(Debug)]
pub struct Exchange {
    pub method: String,
    pub url: String,
    pub body: Option<Value>,
    pub headers: BTreeMap<String, String>,
    pub timeout: Timeout,
    pub expected: Vec<u16>,
    pub follow: bool,
    pub address: Option<String>,
    pub ca: Option<String>,
    pub insecure: bool,
    pub base64: bool,
    /// The proxy of the world, if it has one; not for this machine's own addresses.
    pub proxy: Option<String>,
}

/// An answer as data.
#[derive(Debug, Serialize)]
pub struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Long enough for a slow server, short enough for whoever waits.
pub fn timeout() -> Timeout {
    Timeout::seconds(30)
}

pub fn follow() -> bool {
    true
}

impl Exchange {
    /// Make the request.
    pub async fn make(self) -> Result<Answer, Error> {
        let seen = Mutex::new("the server has not answered".to_owned());
        let ended = tokio::time::timeout(self.timeout.0, self.attempt(&seen)).await;
        ended.unwrap_or_else(|_| {
            let seen = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            Err(Error::Timeout { url: shown(&self.url), after: self.timeout, seen })
        })
    }

    async fn attempt(&self, seen: &Mutex<String>) -> Result<Answer, Error> {
        let response = self.request()?.send().await.map_err(|source| self.unreachable(source))?;
        let (status, headers) = (response.status().as_u16(), readable(response.headers()));
        let body = self.body_of(response, status, seen).await?;
        let good =
            if self.expected.is_empty() { (200..300).contains(&status) } else { self.expected.contains(&status) };
        if !good {
            return Err(self.unexpected(status, &body));
        }
        let body = if self.base64 { base64::text(&body) } else { self.text_of(body)? };
        Ok(Answer { status, headers, body })
    }

    fn request(&self) -> Result<RequestBuilder, Error> {
        let wrong = || Error::Url(shown(&self.url));
        let url = Url::parse(&self.url).map_err(|_| wrong())?; // it is shown whole
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let name = self.method.to_uppercase();
        let method = Method::from_bytes(name.as_bytes())
            .map_err(|_| Error::Option { expected: "a method such as `POST`", found: self.method.clone() })?; // the reason is the same always
        let request = self.client(&url)?.request(method, url).headers(sendable(&self.headers)?);
        Ok(match &self.body {
            None => request,
            Some(Value::String(text)) => request.body(text.clone()),
            Some(other) => request.json(other),
        })
    }

    fn client(&self, url: &Url) -> Result<Client, Error> {
        let builder = || -> Result<ClientBuilder, Error> {
            let redirects = if self.follow { Policy::limited(10) } else { Policy::none() };
            let mut builder = Client::builder()
                .user_agent(concat!("meshrun/", env!("CARGO_PKG_VERSION")))
                .redirect(redirects)
                .tls_danger_accept_invalid_certs(self.insecure);
            if let Some(proxy) = &self.proxy {
                let proxy = Proxy::all(proxy).map_err(Error::Client)?;
                builder = builder.proxy(proxy.no_proxy(NoProxy::from_string("localhost,127.0.0.0/8,::1")));
            }
            if let Some(address) = &self.address {
                builder = builder.resolve(url.host_str().unwrap_or_default(), socket(address)?).no_proxy();
            }
            Ok(builder)
        };
        let own = self.ca.as_ref().map(|pem| Certificate::from_pem_bundle(pem.as_bytes()).map_err(Error::Certificates));
        let own = own.transpose()?.unwrap_or_default();
        let with_system = builder()?.tls_certs_merge(own.clone()).build();
        match with_system {
            Ok(client) => Ok(client),
            Err(source) if url.scheme() == "https" && own.is_empty() => Err(Error::Client(source)),
            Err(_) => builder()?.tls_certs_only(own).build().map_err(Error::Client), // this machine has no certificates
        }
    }

    async fn body_of(&self, mut response: Response, status: u16, seen: &Mutex<String>) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            if let Ok(mut seen) = seen.lock() {
                *seen = format!("status {status}, {} bytes of the body", body.len());
            }
            let chunk = response.chunk().await.map_err(|source| {
                let (url, received) = (shown(&self.url), body.len());
                Error::Truncated { url, status, received, source: source.without_url() }
            })?;
            let Some(chunk) = chunk else { return Ok(body) };
            body.extend_from_slice(&chunk);
            if body.len() as u64 > LIMIT.0 {
                return Err(Error::TooLarge { url: shown(&self.url), limit: LIMIT });
            }
        }
    }

    fn text_of(&self, body: Vec<u8>) -> Result<String, Error> {
        String::from_utf8(body).map_err(|source| Error::NotText { url: shown(&self.url), source })
    }

    fn unreachable(&self, source: reqwest::Error) -> Error {
        Error::Unreachable { url: shown(&self.url), source: source.without_url() }
    }

    fn unexpected(&self, found: u16, body: &[u8]) -> Error {
        let expected = match self.expected.as_slice() {
            [] => "200 to 299".to_owned(),
            some => some.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
        };
        let text = String::from_utf8_lossy(body);
        let text: String = text.trim().chars().take(EXCERPT).collect();
        let body = if text.is_empty() { text } else { format!("\n{text}") };
        Error::Status { url: shown(&self.url), expected, found, body }
    }
}

/// An address with or without port; 0 stands for the URL's.
fn socket(address: &str) -> Result<SocketAddr, Error> {
    let wrong = |_| Error::Option { expected: "an address with or without port", found: address.to_owned() };
    match address.parse::<IpAddr>() {
        Ok(address) => Ok(SocketAddr::new(address, 0)),
        Err(_) => address.parse().map_err(wrong), // it has a port, then
    }
}

fn sendable(headers: &BTreeMap<String, String>) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || Error::Option { expected: "a header's name and value", found: name.clone() }; // values may be secret
        let key: HeaderName = name.parse().map_err(|_| wrong())?;
        map.insert(key, HeaderValue::from_str(value).map_err(|_| wrong())?);
    }
    Ok(map)
}

fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let joined = |name: &HeaderName| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(", ")
    };
    headers.keys().map(|name| (name.to_string(), joined(name))).collect()
}

//! One request to the API server: how it is sent, and how an answer that is none becomes an error.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use meshrun_terms::Timeout;
use serde_json::Value;

use crate::{Client, Error, error::Result};

/// The API server's own account of a failure.
pub use kube::core::Status;

/// How long a request may take that is no watch and no stream.
const PATIENCE: Timeout = Timeout::minutes(1);

/// A request, and in words what it is about.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    content_type: &'static str,
    accept: &'static str,
    body: Vec<u8>,
    subject: String,
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    /// What the server warns of: deprecated versions, unknown fields.
    pub(crate) warnings: Vec<String>,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>, subject: impl Into<String>) -> Self {
        Self::new(Method::GET, path, subject)
    }

    pub(crate) fn new(method: Method, path: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            content_type: "application/json",
            accept: "application/json",
            body: Vec::new(),
            subject: subject.into(),
        }
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// The same with a key of the query if there is a value for it.
    pub(crate) fn query_if(self, key: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    pub(crate) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    pub(crate) fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.content_type = content_type;
        self.body = body;
        self
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string().into_bytes())
    }

    /// In words what it is about.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// The request as HTTP.
    pub(crate) fn http(&self) -> Result<http::Request<Vec<u8>>, http::Error> {
        let mut uri = self.path.clone();
        for (number, (key, value)) in self.query.iter().enumerate() {
            let separator = if number == 0 && !self.path.contains('?') { '?' } else { '&' };
            uri.push_str(&format!("{separator}{key}={}", encode(value)));
        }
        let mut request = http::Request::builder().method(&self.method).uri(uri).header("accept", self.accept);
        if !self.body.is_empty() {
            request = request.header("content-type", self.content_type);
        }
        request.body(self.body.clone())
    }
}

impl Answer {
    pub(crate) fn json(&self, client: &Client, subject: &str) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(|source| Error::Unexpected {
            context: client.context().to_owned(),
            subject: subject.to_owned(),
            source,
        })
    }
}

/// Send a request whose answer is JSON.
pub(crate) async fn json(client: &Client, request: &Request) -> Result<Value> {
    send(client, request).await?.json(client, &request.subject)
}

/// Send a request and read the whole answer.
pub(crate) async fn send(client: &Client, request: &Request) -> Result<Answer> {
    send_within(client, request, PATIENCE).await
}

/// As [`send`], with another limit than the usual minute.
pub(crate) async fn send_within(client: &Client, request: &Request, timeout: Timeout) -> Result<Answer> {
    let slow = || Error::Slow { context: client.context().to_owned(), subject: request.subject.clone(), timeout };
    let answer = tokio::time::timeout(timeout.duration(), exchange(client, request)).await.map_err(|_| slow())??;
    if answer.code.is_success() {
        return Ok(answer);
    }
    let status = serde_json::from_slice::<Status>(&answer.body).ok().filter(|status| status.code != 0);
    let status = status.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(&answer.body);
        Status::failure(text.trim(), "").with_code(answer.code.as_u16())
    });
    Err(refusal(client, &request.subject, status))
}

async fn exchange(client: &Client, request: &Request) -> Result<Answer> {
    let failed = |source: kube::Error| failure(client, &request.subject, source);
    let http = request.http().map_err(|source| failed(kube::Error::HttpError(source)))?;
    let response = client.kube().send(http.map(Into::into)).await.map_err(failed)?;
    let code = response.status();
    let warnings = response.headers().get_all("warning").iter().filter_map(|value| value.to_str().ok());
    let warnings = warnings.map(warning).collect();
    let body = response.into_body().collect().await.map_err(failed)?.to_bytes();
    Ok(Answer { code, warnings, body })
}

/// The text within `299 - "text"`.
fn warning(header: &str) -> String {
    let text = header.splitn(3, ' ').nth(2).unwrap_or(header);
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    text.replace("\\\"", "\"")
}

/// The error behind a failure of kube's, be it the server's refusal or a broken connection.
pub(crate) fn failure(client: &Client, subject: &str, source: kube::Error) -> Error {
    let (context, subject) = (client.context().to_owned(), subject.to_owned());
    match source {
        kube::Error::Api(status) => refusal(client, &subject, *status),
        source @ (kube::Error::Service(_) | kube::Error::HyperError(_) | kube::Error::ReadEvents(_)) => {
            Error::Unreachable { context, server: client.server().to_owned(), source: Box::new(source) }
        }
        kube::Error::SerdeError(source) => Error::Unexpected { context, subject, source },
        source => Error::Failed { context, subject, source: Box::new(source) },
    }
}

/// The error that a refusal means.
fn refusal(client: &Client, subject: &str, status: Status) -> Error {
    let (context, subject) = (client.context().to_owned(), subject.to_owned());
    let names_object = status.details.as_ref().is_some_and(|details| !details.name.is_empty());
    let is_field_conflict =
        status.details.iter().flat_map(|details| &details.causes).any(|cause| cause.reason == "FieldManagerConflict");
    let status = Box::new(status);
    match status.code {
        401 => Error::Unauthorized { context },
        403 => Error::Forbidden { context, status },
        404 if names_object && !is_about_namespace(&status, &subject) => Error::NotFound { context, object: subject },
        409 if is_field_conflict => Error::Conflict { context, object: subject, status },
        // A field that the API does not know, which an apply answers with a 500.
        500 if status.message.contains("failed to create typed patch object") => {
            Error::Invalid { context, object: subject, status }
        }
        400 | 422 => Error::Invalid { context, object: subject, status },
        _ => Error::Refused { context, subject, status },
    }
}

/// Whether it is the namespace of the object that is missing, rather than the object.
fn is_about_namespace(status: &Status, subject: &str) -> bool {
    let kind = status.details.as_ref().map_or("", |details| details.kind.as_str());
    kind == "namespaces" && !subject.to_lowercase().starts_with("namespace")
}

/// A text as part of a path or query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded_and_may_follow_one_in_the_path() {
        let request =
            Request::get("/api/v1/pods?x=1", "pods").query("labelSelector", "a in (b, c)").query_if("y", None);
        assert_eq!(request.http().unwrap().uri(), "/api/v1/pods?x=1&labelSelector=a%20in%20%28b%2C%20c%29");
        assert_eq!(encode("system:node/x"), "system:node%2Fx");
    }

    #[test]
    fn a_warning_is_its_text() {
        assert_eq!(warning("299 - \"unknown field \\\"spec.x\\\"\""), "unknown field \"spec.x\"");
        assert_eq!(warning("odd"), "odd");
    }
}

//! What the engine answers with: JSON, nothing, bytes, streams, or a message that says why not.

use std::io;

use bytes::Bytes;
use futures::Stream;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The body of an answer.
pub type Body = BoxBody<Bytes, io::Error>;

/// An answer, or why there is none.
pub type Answer = Result<Response<Body>, Failure>;

/// Why something was not done: becomes `{"message": ...}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The engine's words.
    pub message: String,
}

impl Failure {
    /// A failure with this status and these words.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 409.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 500.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// 501.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, message)
    }

    /// As an answer.
    pub fn response(self) -> Response<Body> {
        json_with(self.status, &json!({ "message": self.message }))
    }
}

/// JSON with a status.
pub fn json_with(status: StatusCode, value: &Value) -> Response<Body> {
    let mut text = value.to_string();
    text.push('\n');
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// JSON with 200.
pub fn json(value: &Value) -> Response<Body> {
    json_with(StatusCode::OK, value)
}

/// Nothing but a status.
pub fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}

/// Bytes of a kind.
pub fn bytes(kind: &'static str, bytes: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// Chunks of a kind, as they come.
pub fn stream(kind: &'static str, chunks: impl Stream<Item = Bytes> + Send + Sync + 'static) -> Response<Body> {
    use futures::StreamExt;
    let frames = chunks.map(|chunk| Ok(Frame::data(chunk)));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// What a channel carries, as a stream.
pub fn channel(receiver: mpsc::Receiver<Bytes>) -> impl Stream<Item = Bytes> + Send + Sync {
    futures::stream::unfold(
        receiver,
        |mut receiver| async move { receiver.recv().await.map(|chunk| (chunk, receiver)) },
    )
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

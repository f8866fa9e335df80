//! Ports of pods and of load balancers as streams that speak HTTP/1.1.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;

use crate::{
    World,
    mesh::{
        ask::{self, Answer},
        request::{Content, Request},
    },
    stream::{self, ByteStream},
};

/// How much of a body is read.
const MOST: usize = 1024 * 1024;

/// Where a stream leads to.
#[derive(Clone)]
enum End {
    /// A port within a pod: cluster, namespace, pod.
    Pod(String, String, String),
    /// An address in the networks of the engine.
    Address(IpAddr),
}

/// A port of a pod, from within.
pub fn serve_pod(world: &Arc<World>, cluster: &str, namespace: &str, pod: &str, port: u16) -> ByteStream {
    serve(world, End::Pod(cluster.to_owned(), namespace.to_owned(), pod.to_owned()), port)
}

/// An address of a load balancer or a node port.
pub fn serve_outside(world: &Arc<World>, address: IpAddr, port: u16) -> ByteStream {
    serve(world, End::Address(address), port)
}

fn serve(world: &Arc<World>, end: End, port: u16) -> ByteStream {
    let (near, far) = stream::pair();
    let world = Arc::downgrade(world);
    tokio::spawn(async move {
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (world, end) = (world.upgrade(), end.clone());
            async move {
                let world = world.ok_or("the world is gone")?;
                answer(&world, &end, port, request).await
            }
        });
        // A client that speaks no HTTP, or leaves, ends its connection.
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service).await;
    });
    near
}

type Reply = Result<hyper::Response<Full<Bytes>>, &'static str>;

async fn answer(world: &Arc<World>, end: &End, port: u16, request: hyper::Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(|_| "the body is too long or broken")?.to_bytes();
    let host = parts.uri.host().map(str::to_owned).or_else(|| {
        let written = parts.headers.get(http::header::HOST)?.to_str().ok()?;
        Some(written.split(':').next().unwrap_or_default().to_owned())
    });
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers: Vec<(String, String)> = parts.headers.iter().map(text).collect();
    let asked = Request {
        method: parts.method.as_str(),
        host: host.as_deref().unwrap_or_default(),
        port,
        path: parts.uri.path_and_query().map_or("/", |one| one.as_str()),
        headers: &headers,
        body: &body,
        attempts: None,
        limit: None,
    };
    let content = match end {
        End::Pod(cluster, namespace, pod) => ask::within(world, cluster, namespace, pod, &asked),
        End::Address(address) => match ask::from_outside(world, *address, &asked) {
            Answer::Content { content, .. } => Some(content),
            _ => None,
        },
    };
    // Nobody answers: the connection breaks.
    reply(content.ok_or("nobody answers")?)
}

fn reply(content: Content) -> Reply {
    let mut response = hyper::Response::builder().status(content.status);
    for (key, value) in content.headers {
        response = response.header(key, value);
    }
    response.body(Full::new(Bytes::from(content.body))).map_err(|_| "an answer with headers that are none")
}

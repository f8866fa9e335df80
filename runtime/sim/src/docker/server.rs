//! The engine's sockets: connections, and what becomes of a request.

use std::{convert::Infallible, sync::Arc};

use http::{HeaderValue, Method, Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::UnixListener, task::JoinSet};

use super::{
    call::{Call, NEWEST},
    reply::Body,
    routes,
};
use crate::{World, stream::ByteStream};

/// Serve the API of the engine until the task is ended; connections end with it.
pub(crate) async fn serve(world: Arc<World>, listener: UnixListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that broke while it was accepted concerns nobody.
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(connection(Arc::clone(&world), Box::new(stream)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(world: Arc<World>, stream: ByteStream) {
    let service = service_fn(move |request| answer(Arc::clone(&world), request));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    drop(served); // a client that breaks off or talks nonsense is none of the engine's errors
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let head = request.method() == Method::HEAD;
    let answered = match Call::new(request) {
        Ok(call) => routes::answer(&world, call).await,
        Err(failure) => Err(failure),
    };
    let mut response = answered.unwrap_or_else(|failure| failure.response());
    if head && response.status().is_client_error() {
        // As the engine does: the words are in the body, which nobody sees after HEAD.
        *response.body_mut() = super::reply::status(response.status()).into_body();
    }
    let headers = response.headers_mut();
    let version = format!("{}.{}", NEWEST.0, NEWEST.1);
    headers.insert("Api-Version", HeaderValue::from_str(&version).unwrap_or(HeaderValue::from_static("1.44")));
    headers.insert("Docker-Experimental", HeaderValue::from_static("false"));
    headers.insert("Ostype", HeaderValue::from_static("linux"));
    headers.insert("Server", HeaderValue::from_static("Docker/simulated (linux)"));
    Ok(response)
}

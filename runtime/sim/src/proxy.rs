//! An HTTP proxy on this machine that leads to the addresses of the simulated networks, which nobody else can reach.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::{World, node, stream::ByteStream};

type Body = BoxBody<Bytes, hyper::Error>;

/// Serve the proxy until the task is ended. Connections end with the world.
pub(crate) async fn serve(world: Arc<World>, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
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
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    drop(served); // a client that breaks off is none of the proxy's errors
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let answered = if request.method() == Method::CONNECT {
        tunnel(&world, request).await
    } else {
        forward(&world, request).await
    };
    Ok(answered.unwrap_or_else(|refusal| refusal))
}

async fn tunnel(world: &Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, Response<Body>> {
    let stream = connect(world, request.uri(), 443).await?;
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let (mut client, mut peer) = (TokioIo::new(upgraded), stream);
            drop(tokio::io::copy_bidirectional(&mut client, &mut peer).await); // one side broke off: both are over
        }
    });
    Ok(Response::new(empty()))
}

async fn forward(world: &Arc<World>, mut request: Request<Incoming>) -> Result<Response<Body>, Response<Body>> {
    if request.uri().scheme_str() != Some("http") {
        return Err(refuse(StatusCode::BAD_REQUEST, "expected an absolute http:// address or CONNECT"));
    }
    let stream = connect(world, request.uri(), 80).await?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    *request.uri_mut() = path.parse().map_err(|_| refuse(StatusCode::BAD_REQUEST, "malformed path"))?;
    request.headers_mut().remove("proxy-connection");
    request.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    let broken = |_| refuse(StatusCode::BAD_GATEWAY, "the connection broke");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    Ok(response.map(BodyExt::boxed))
}

/// Connect to whatever has this address. What this machine itself serves is reached as without a proxy.
async fn connect(world: &Arc<World>, uri: &http::Uri, port: u16) -> Result<ByteStream, Response<Body>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(port);
    if let Some(cluster) = world.server_at(host, port) {
        return Ok(node::serving(&cluster));
    }
    if let Some((cluster, reason)) = world.unread_at(host, port) {
        let what = format!("the state of cluster {cluster}, which could not be read ({reason})");
        return Err(refuse(StatusCode::NOT_IMPLEMENTED, &world.recorder.unknown(what)));
    }
    let address = host.parse::<IpAddr>().ok().or_else(|| world.resolve(host));
    let nobody = || refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("nobody answers at {host}, port {port}"));
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        let stream = tokio::net::TcpStream::connect((host, port)).await;
        return stream.map(|stream| Box::new(stream) as ByteStream).map_err(|_| nobody());
    }
    let address = address.ok_or_else(|| refuse(StatusCode::BAD_GATEWAY, &format!("no such host: `{host}`")))?;
    world.connect(address, port).ok_or_else(nobody)
}

fn refuse(status: StatusCode, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(format!("{text}\n"))).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn empty() -> Body {
    http_body_util::Empty::new().map_err(|never| match never {}).boxed()
}

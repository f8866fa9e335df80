//! The server: TLS, HTTP, who asks, whether he may, and who answers.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio_rustls::TlsAcceptor;

use super::{
    answer::{self, Answer},
    authorize::{self, Act},
    call::{self, Call, Target},
    cluster::Cluster,
    discovery, objects, openapi, reviews,
    status::Status,
    streams,
    user::User,
};
use crate::stream::ByteStream;

/// How large a body may be.
const LARGEST: usize = 3 * 1024 * 1024;

impl Cluster {
    /// Serve a connection to the API server: TLS, then HTTP/1.1 or HTTP/2. Returns when it is over.
    pub async fn serve(self: Arc<Self>, stream: ByteStream) {
        let Ok(stream) = TlsAcceptor::from(self.tls.clone()).accept(stream).await else {
            return; // who does not speak TLS, or does not trust the server, is gone
        };
        let peer = stream.get_ref().1.peer_certificates().and_then(|all| all.first()).and_then(|one| user_of(one));
        let service = service_fn(move |request| {
            let (cluster, peer) = (self.clone(), peer.clone());
            async move { Ok::<_, Infallible>(answer(cluster, peer, request).await) }
        });
        let served = auto::Builder::new(TokioExecutor::new())
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .await;
        drop(served); // a client that breaks off is none of the server's errors
    }
}

/// The user whom a client's certificate names.
fn user_of(certificate: &[u8]) -> Option<User> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?; // one that was verified is one
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?; // a name that is no text is no user's
    let mut groups: Vec<&str> = subject.iter_organization().filter_map(|one| one.as_str().ok()).collect();
    groups.push("system:authenticated");
    Some(User::new(name, &groups))
}

async fn answer(cluster: Arc<Cluster>, peer: Option<User>, request: Request<Incoming>) -> Answer {
    match handle(cluster, peer, request).await {
        Ok(answer) => answer,
        Err(status) => answer::refusal(&status),
    }
}

async fn handle(cluster: Arc<Cluster>, peer: Option<User>, mut request: Request<Incoming>) -> Result<Answer, Status> {
    let user = authenticate(&cluster, peer, &request)?;
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let mut call = Call::new(method, request.uri(), request.headers().clone(), user)?;
    call.user = impersonated(&cluster, &call)?;
    let target = call::target(&call.path);
    let act = act(&call, target.as_ref());
    if !cluster.allows(&call.user, &act) {
        return Err(authorize::refusal(&call.user, &act));
    }
    if streams::is_stream(&call, target.as_ref()) {
        let target = target.unwrap_or_default();
        return streams::answer(cluster, call, target, request).await;
    }
    call.body = body(&mut request).await?;
    route(&cluster, &call, target).await
}

async fn route(cluster: &Arc<Cluster>, call: &Call, target: Option<Target>) -> Result<Answer, Status> {
    if let Some(target) = target {
        if let Some(answer) = reviews::answer(cluster, call, &target)? {
            return Ok(answer);
        }
        return objects::answer(cluster, call, &target).await;
    }
    if call.method != Method::GET {
        return Err(Status::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ));
    }
    if let Some(answer) = discovery::answer(cluster, call)? {
        return Ok(answer);
    }
    if let Some(answer) = openapi::answer(cluster, call)? {
        return Ok(answer);
    }
    Err(cluster.unknown(format!("{} {}", call.method, call.path)))
}

async fn body(request: &mut Request<Incoming>) -> Result<Bytes, Status> {
    let collected = Limited::new(request.body_mut(), LARGEST).collect().await;
    collected.map(|body| body.to_bytes()).map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            return Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {LARGEST}"));
        }
        Status::bad_request("the body broke off")
    })
}

fn authenticate(cluster: &Cluster, peer: Option<User>, request: &Request<Incoming>) -> Result<User, Status> {
    let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) {
        let user = cluster.token_user(token.trim(), &[]);
        return user.ok_or_else(|| Status::new(401, "Unauthorized", "Unauthorized"));
    }
    if header.is_some() {
        return Err(Status::new(401, "Unauthorized", "Unauthorized"));
    }
    Ok(peer.unwrap_or_else(User::anonymous))
}

/// Whom the user wants to be, when he may be somebody else.
fn impersonated(cluster: &Cluster, call: &Call) -> Result<User, Status> {
    let name = call.header("impersonate-user");
    let groups: Vec<&str> =
        call.headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok()).collect();
    if name.is_empty() {
        if groups.is_empty() {
            return Ok(call.user.clone());
        }
        return Err(Status::bad_request("requested []string{} without impersonating a user"));
    }
    let wants = groups.iter().map(|group| ("groups", *group)).chain([("users", name)]);
    for (resource, name) in wants {
        let act = Act { verb: "impersonate".into(), resource: resource.into(), name: name.into(), ..Act::default() };
        if !cluster.allows(&call.user, &act) {
            return Err(authorize::refusal(&call.user, &act));
        }
    }
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    if let Some((namespace, account)) = account.filter(|_| groups.is_empty()) {
        return Ok(User::service_account(namespace, account));
    }
    let mut all = groups;
    if name != "system:anonymous" && !all.contains(&"system:authenticated") {
        all.push("system:authenticated");
    }
    Ok(User::new(name, &all))
}

fn act(call: &Call, target: Option<&Target>) -> Act {
    let verb = call.verb(target).to_owned();
    match target {
        None => Act { verb, path: call.path.clone(), ..Act::default() },
        Some(target) => Act {
            verb,
            group: target.group.clone(),
            resource: target.plural.clone(),
            subresource: target.subresource.clone(),
            namespace: target.namespace.clone().unwrap_or_default(),
            name: target.name.clone().unwrap_or_default(),
            path: String::new(),
        },
    }
}

/// An answer without a body, for those that end in another protocol.
pub(super) fn switching(headers: &[(&'static str, String)]) -> Answer {
    let mut response = Response::new(http_body_util::Empty::new().boxed_unsync());
    *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in headers {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

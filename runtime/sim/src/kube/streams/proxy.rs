//! What pods and services serve, asked for through the API server.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::super::{
    answer::{self, Answer},
    call::{Call, Target},
    cluster::Cluster,
    object,
    status::Status,
    store::Object,
};
use crate::pods;

/// Headers that concern the connection rather than the request.
const OF_CONNECTION: [HeaderName; 5] =
    [header::CONNECTION, header::AUTHORIZATION, header::UPGRADE, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];

/// Pass a request on.
pub(super) async fn answer(
    cluster: &Arc<Cluster>,
    call: &Call,
    target: &Target,
    body: Bytes,
) -> Result<Answer, Status> {
    let (pod, port) = destination(cluster, target)?;
    let broken = |why: String| Status::new(503, "ServiceUnavailable", format!("error trying to reach service: {why}"));
    let stream = pods::connect(cluster, &pod, port).map_err(|status| broken(status.message))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(error.to_string()))?;
    tokio::spawn(connection);
    let mut path = format!("/{}", target.rest);
    if call.path.ends_with('/') && !path.ends_with('/') {
        path.push('/');
    }
    let query: Vec<String> = call.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let host = format!("{}:{port}", object::text(&pod, "/status/podIP"));
    let mut request = Request::builder().method(call.method.clone()).uri(path).header(header::HOST, host);
    for (name, value) in &call.headers {
        if !OF_CONNECTION.contains(name) && name != header::HOST {
            request = request.header(name, value);
        }
    }
    let request = request.body(Full::new(body)).map_err(|error| broken(error.to_string()))?;
    let response = sender.send_request(request).await.map_err(|error| broken(error.to_string()))?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| broken(error.to_string()))?.to_bytes();
    let mut answer = answer::text(parts.status.as_u16(), body);
    answer.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in &parts.headers {
        if !OF_CONNECTION.contains(name) {
            answer.headers_mut().append(name, value.clone());
        }
    }
    Ok(answer)
}

/// The pod and the port that a path such as `pods/web:5000` or `services/http:web:http` means.
fn destination(cluster: &Arc<Cluster>, target: &Target) -> Result<(Object, u16), Status> {
    let name = target.name.as_deref().unwrap_or_default();
    let parts: Vec<&str> = name.split(':').collect();
    let (name, port) = match parts.as_slice() {
        [name] => (*name, ""),
        [name, port] => (*name, *port),
        [_, name, port] => (*name, *port),
        _ => return Err(Status::bad_request(format!("invalid proxy request: {name}"))),
    };
    let namespace = target.namespace.as_deref();
    match target.plural.as_str() {
        "pods" => {
            let pod =
                cluster.store.get(("v1", "Pod"), namespace, name).ok_or_else(|| Status::not_found("pods", name))?;
            let first = pod.pointer("/spec/containers/0/ports/0/containerPort").and_then(Value::as_u64);
            let number = if port.is_empty() { first.or(Some(80)) } else { port.parse().ok() };
            let number = number.and_then(|number| u16::try_from(number).ok());
            Ok((pod, number.ok_or_else(|| Status::bad_request(format!("invalid port: {port}")))?))
        }
        "services" => of_service(cluster, namespace, name, port),
        _ => Err(cluster.unknown(format!("GET /api/v1/nodes/{name}/proxy"))),
    }
}

fn of_service(cluster: &Cluster, namespace: Option<&str>, name: &str, port: &str) -> Result<(Object, u16), Status> {
    let service =
        cluster.store.get(("v1", "Service"), namespace, name).ok_or_else(|| Status::not_found("services", name))?;
    let ports = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let number: Option<u64> = port.parse().ok(); // a port that is no number is a name
    let wanted = ports
        .iter()
        .find(|one| port.is_empty() || one["name"] == port || number.is_some_and(|number| one["port"] == number));
    let none = || {
        Status::new(503, "ServiceUnavailable", format!("no endpoints available for service \"{name}\"")).about("", name)
    };
    let wanted = wanted.ok_or_else(none)?;
    let endpoints = cluster.store.get(("v1", "Endpoints"), namespace, name).ok_or_else(none)?;
    let port_name = object::text(wanted, "/name");
    for subset in endpoints["subsets"].as_array().into_iter().flatten() {
        let number =
            subset["ports"].as_array().into_iter().flatten().find(|one| object::text(one, "/name") == port_name);
        let pod =
            subset["addresses"].as_array().into_iter().flatten().find_map(|address| {
                cluster.store.get(("v1", "Pod"), namespace, object::text(address, "/targetRef/name"))
            });
        if let (Some(number), Some(pod)) = (number.and_then(|one| one["port"].as_u64()), pod) {
            return Ok((pod, u16::try_from(number).unwrap_or_default()));
        }
    }
    Err(none())
}

//! What is asked of a running pod: logs, execution, forwarded ports, and what it serves itself.

mod exec;
mod logs;
mod port_forward;
mod proxy;
mod spdy;
mod websocket;

use std::sync::Arc;

use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{
    answer::Answer,
    call::{Call, Target},
    cluster::Cluster,
    object,
    status::Status,
    store::Object,
};

/// Whether a request is one of these.
pub(super) fn is_stream(call: &Call, target: Option<&Target>) -> bool {
    target.is_some_and(|target| {
        let of_pod =
            target.plural == "pods" && matches!(target.subresource.as_str(), "log" | "exec" | "attach" | "portforward");
        let is_proxy = target.subresource == "proxy" && matches!(target.plural.as_str(), "pods" | "services" | "nodes");
        target.group.is_empty() && target.version == "v1" && target.name.is_some() && (of_pod || is_proxy)
    }) && call.method != http::Method::OPTIONS
}

/// Answer it.
pub(super) async fn answer(
    cluster: Arc<Cluster>,
    call: Call,
    target: Target,
    request: Request<Incoming>,
) -> Result<Answer, Status> {
    let known: &[&str] = match target.subresource.as_str() {
        "log" => &logs::KNOWN,
        "exec" | "attach" => &["command", "container", "stdin", "stdout", "stderr", "tty"],
        "portforward" => &["ports"],
        _ => &[],
    };
    let unknown = call.query.iter().find(|(key, _)| target.subresource != "proxy" && !known.contains(&key.as_str()));
    if let Some((key, _)) = unknown {
        return Err(cluster.unknown(format!("{} {}: query {key}", call.method, call.path)));
    }
    match target.subresource.as_str() {
        "log" => logs::answer(&cluster, &call, &target),
        "exec" | "attach" => exec::answer(cluster, &call, &target, request),
        "portforward" => port_forward::answer(cluster, &call, &target, request),
        "proxy" => {
            let body = request.into_body().collect().await.map_err(|_| Status::bad_request("the body broke off"))?;
            proxy::answer(&cluster, &call, &target, body.to_bytes()).await
        }
        _ => Err(cluster.unknown(format!("{} {}", call.method, call.path))),
    }
}

/// The pod that a path names.
fn pod(cluster: &Cluster, target: &Target) -> Result<Object, Status> {
    let name = target.name.as_deref().unwrap_or_default();
    let found = cluster.store.get(("v1", "Pod"), target.namespace.as_deref(), name);
    found.ok_or_else(|| Status::not_found("pods", name))
}

/// The container that is meant.
fn container(pod: &Object, wanted: Option<&str>) -> Result<String, Status> {
    let names: Vec<&str> = ["containers", "initContainers", "ephemeralContainers"]
        .iter()
        .flat_map(|key| pod["spec"][*key].as_array().into_iter().flatten())
        .map(|one| object::text(one, "/name"))
        .collect();
    let pod_name = object::name(pod);
    match wanted.filter(|wanted| !wanted.is_empty()) {
        Some(wanted) if names.contains(&wanted) => Ok(wanted.to_owned()),
        Some(wanted) => Err(Status::bad_request(format!("container {wanted} is not valid for pod {pod_name}"))),
        None => match pod["spec"]["containers"].as_array().map_or(0, Vec::len) {
            0 | 1 => Ok(names.first().copied().unwrap_or_default().to_owned()),
            _ => {
                let all = names.join(" ");
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {pod_name}, choose one of: [{all}]"
                )))
            }
        },
    }
}

/// Whether a node runs it.
fn runs_somewhere(pod: &Object) -> Result<(), Status> {
    if object::text(pod, "/spec/nodeName").is_empty() {
        return Err(Status::bad_request(format!("pod {} does not have a host assigned", object::name(pod))));
    }
    Ok(())
}

//! Parts of objects that are asked for under a path of their own: scale, eviction, binding, finalizers, approval.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{
    answer::{self, Answer},
    call::{Call, Target},
    cluster::Cluster,
    kinds::Resource,
    object,
    objects::{evict, find, read, reads, shown},
    registry::Known,
    status::Status,
    write::{Owner, Write},
};

/// Answer a request for one.
pub(super) fn answer(
    cluster: &Arc<Cluster>,
    known: Arc<Known>,
    resource: &Resource,
    call: &Call,
    target: &Target,
) -> Result<Answer, Status> {
    let namespace = target.namespace.as_deref().filter(|_| resource.namespaced);
    let name = target.name.as_deref().unwrap_or_default();
    let write = Write::new(cluster, known, resource, call, namespace, &target.subresource)?;
    match (target.subresource.as_str(), &call.method) {
        ("scale", _) => scale(write, call, name),
        ("eviction", &Method::POST) => eviction(cluster, resource, call, namespace, name),
        ("binding", &Method::POST) => bind(cluster, resource, call, namespace, name),
        ("finalize" | "approval" | "ephemeralcontainers", &Method::PUT) => {
            let mut write = write;
            let mut value = read(call)?;
            write.check(&mut value)?;
            let live = find(cluster, resource, namespace, name)?;
            let mut whole = shown(&live, resource);
            let part = match target.subresource.as_str() {
                "finalize" => "/spec/finalizers",
                "approval" => "/status/conditions",
                _ => "/spec/ephemeralContainers",
            };
            let new = value.pointer(part).cloned().unwrap_or(json!([]));
            let steps: Vec<&str> = part.trim_start_matches('/').split('/').collect();
            object::map_mut(object::map_mut(&mut whole).entry(steps[0]).or_insert_with(|| json!({})))
                .insert(steps[1].to_owned(), new);
            Ok(answer::json(200, &write.update(whole, &live, &Owner::Update)?))
        }
        _ if reads(call) => {
            Err(Status::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"))
        }
        _ => Err(cluster.unknown(format!("{} {}", call.method, call.path))),
    }
}

/// Where a kind says how many there are, how many are wanted, and which.
fn scale_paths(write: &Write<'_>) -> (String, String, String) {
    let path = |text: &str| text.replace('.', "/");
    let of_definition =
        write.known.definition(write.resource).map(|(_, version)| version["subresources"]["scale"].clone());
    match of_definition {
        Some(scale) => (
            path(object::text(&scale, "/specReplicasPath")),
            path(object::text(&scale, "/statusReplicasPath")),
            path(object::text(&scale, "/labelSelectorPath")),
        ),
        None => ("/spec/replicas".into(), "/status/replicas".into(), "/spec/selector".into()),
    }
}

fn scale(mut write: Write<'_>, call: &Call, name: &str) -> Result<Answer, Status> {
    let (wanted, present, selector) = scale_paths(&write);
    let live = find(write.cluster, write.resource, write.namespace.as_deref(), name)?;
    let whole = shown(&live, write.resource);
    let now = scale_of(&whole, &wanted, &present, &selector);
    if reads(call) {
        return Ok(answer::json(200, &now));
    }
    let mut changed = now.clone();
    match (&call.method, call.header("content-type").split(';').next().unwrap_or_default()) {
        (&Method::PUT, _) => changed = read(call)?,
        (&Method::PATCH, "application/json-patch+json") => {
            let patch: json_patch::Patch =
                serde_json::from_slice(&call.body).map_err(|error| Status::bad_request(error.to_string()))?;
            json_patch::patch(&mut changed, &patch).map_err(|error| Status::new(422, "Invalid", error.to_string()))?;
        }
        (&Method::PATCH, _) => object::merge(&mut changed, &read(call)?),
        _ => {
            return Err(Status::new(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            ));
        }
    }
    let replicas = changed["spec"]["replicas"].clone();
    if !replicas.is_i64() && !replicas.is_null() || replicas.as_i64().is_some_and(|count| count < 0) {
        let message = format!(
            "Scale.autoscaling \"{name}\" is invalid: spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"
        );
        return Err(Status::new(422, "Invalid", message));
    }
    let version = object::text(&changed, "/metadata/resourceVersion").to_owned();
    if !version.is_empty() && version != object::text(&whole, "/metadata/resourceVersion") {
        return Err(Status::conflict(&write.resource.qualified(), name));
    }
    let mut next = whole;
    let steps: Vec<&str> = wanted.trim_start_matches('/').split('/').collect();
    let mut place = &mut next;
    for step in &steps[..steps.len().saturating_sub(1)] {
        place = object::map_mut(place).entry(*step).or_insert_with(|| json!({}));
    }
    let count = if replicas.is_null() { json!(0) } else { replicas };
    object::map_mut(place).insert(steps.last().copied().unwrap_or_default().to_owned(), count);
    let after = write.update(next, &live, &Owner::Update)?;
    Ok(answer::json(200, &scale_of(&after, &wanted, &present, &selector)))
}

fn scale_of(whole: &Value, wanted: &str, present: &str, selector: &str) -> Value {
    let metadata = &whole["metadata"];
    let mut of = json!({ "name": metadata["name"], "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"] });
    if let Some(namespace) = object::namespace(whole) {
        of["namespace"] = namespace.into();
    }
    let labels = match whole.pointer(selector) {
        Some(Value::String(text)) => text.clone(),
        Some(selector) => {
            let labels = selector.get("matchLabels").unwrap_or(selector);
            let all: Vec<String> = labels
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect();
            all.join(",")
        }
        None => String::new(),
    };
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": of,
        "spec": { "replicas": whole.pointer(wanted).cloned().unwrap_or(json!(0)) },
        "status": { "replicas": whole.pointer(present).cloned().unwrap_or(json!(0)), "selector": labels },
    })
}

fn eviction(
    cluster: &Cluster,
    resource: &Resource,
    call: &Call,
    namespace: Option<&str>,
    name: &str,
) -> Result<Answer, Status> {
    let body = read(call)?;
    let found = find(cluster, resource, namespace, name)?;
    let labels = &found["metadata"]["labels"];
    for budget in cluster.store.list(("policy/v1", "PodDisruptionBudget"), namespace) {
        let covers = super::select::label_selector_matches(&budget["spec"]["selector"], labels);
        if covers && budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) < 1 {
            let mut status = Status::new(
                429,
                "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget.",
            );
            let message = format!(
                "The disruption budget {} needs {} healthy pods and has {} currently",
                object::name(&budget),
                budget["status"]["desiredHealthy"],
                budget["status"]["currentHealthy"]
            );
            status.details = Some(json!({ "causes": [{ "reason": "DisruptionBudget", "message": message }] }));
            return Err(status);
        }
    }
    let options = &body["deleteOptions"];
    let dry_run =
        options["dryRun"].as_array().is_some_and(|all| !all.is_empty()) || call.query("dryRun") == Some("All");
    evict(cluster, resource, &found, options["gracePeriodSeconds"].as_u64(), dry_run)?;
    Ok(answer::json(
        201,
        &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 }),
    ))
}

fn bind(
    cluster: &Cluster,
    resource: &Resource,
    call: &Call,
    namespace: Option<&str>,
    name: &str,
) -> Result<Answer, Status> {
    let body = read(call)?;
    let node = object::text(&body, "/target/name").to_owned();
    let found = find(cluster, resource, namespace, name)?;
    let present = object::text(&found, "/spec/nodeName");
    if !present.is_empty() {
        let why = format!("pod {name} is already assigned to node \"{present}\"");
        return Err(Status::conflict_because("pods/binding", name, &why));
    }
    let kind = (resource.api_version(), resource.kind.clone());
    cluster.store.modify((&kind.0, &kind.1), namespace, name, |pod| pod["spec"]["nodeName"] = node.into())?;
    Ok(answer::json(
        201,
        &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 }),
    ))
}

//! What is admitted: namespaces that are there, what the server adds to services and pods, and what webhooks say.

use serde_json::{Value, json};

use super::{
    object, services,
    status::{Cause, Status},
    write::Write,
};
use crate::controllers::webhooks;

/// What the server itself checks and adds.
pub(super) fn built_in(write: &Write<'_>, value: &mut Value, before: Option<&Value>) -> Result<(), Status> {
    if let (None, Some(namespace)) = (before, &write.namespace) {
        namespace_takes(write, namespace, object::name(value))?;
    }
    match (write.resource.group.as_str(), write.resource.kind.as_str()) {
        ("", "Service") => services::allot(write.cluster, value, before),
        ("", "Pod") => {
            if before.is_none() {
                pod(value);
            }
            Ok(())
        }
        ("", "Secret") => {
            secret(value);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn namespace_takes(write: &Write<'_>, namespace: &str, name: &str) -> Result<(), Status> {
    let Some(found) = write.cluster.store.get(("v1", "Namespace"), None, namespace) else {
        return Err(Status::not_found("namespaces", namespace));
    };
    if !object::is_terminating(&found) {
        return Ok(());
    }
    let resource = write.resource.qualified();
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(format!("{resource} \"{name}\" is forbidden: {why}")).about(&resource, name);
    status.set_causes(&[Cause {
        reason: "NamespaceTerminating",
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".to_owned(),
    }]);
    Err(status)
}

/// `stringData` becomes `data`.
fn secret(value: &mut Value) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let Some(plain) = object::map_mut(value).remove("stringData") else { return };
    for (key, text) in plain.as_object().into_iter().flatten() {
        value["data"][key] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
    }
}

fn pod(value: &mut Value) {
    let spec = &mut value["spec"];
    for (key, what) in [
        ("serviceAccountName", json!("default")),
        ("enableServiceLinks", json!(true)),
        ("priority", json!(0)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        if spec[key].is_null() {
            spec[key] = what;
        }
    }
    spec["serviceAccount"] = spec["serviceAccountName"].clone();
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |one: &Value| one["key"] == key || one["key"].is_null() && one["operator"] == "Exists";
        if !tolerations.iter().any(covers) {
            tolerations
                .push(json!({ "effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300 }));
        }
    }
    spec["tolerations"] = Value::Array(tolerations);
    let class = quality(spec);
    value["status"] = json!({ "phase": "Pending", "qosClass": class });
    crate::controllers::mount_token(value);
}

fn quality(spec: &Value) -> &'static str {
    let all: Vec<&Value> =
        ["containers", "initContainers"].iter().flat_map(|key| spec[*key].as_array().into_iter().flatten()).collect();
    let part = |one: &Value, key: &str| one["resources"][key].as_object().cloned().unwrap_or_default();
    if all.iter().all(|one| part(one, "limits").is_empty() && part(one, "requests").is_empty()) {
        return "BestEffort";
    }
    let is_fixed = |one: &&Value| {
        let (limits, requests) = (part(one, "limits"), part(one, "requests"));
        ["cpu", "memory"].iter().all(|key| limits.contains_key(*key) && limits.get(*key) == requests.get(*key))
    };
    if all.iter().all(is_fixed) { "Guaranteed" } else { "Burstable" }
}

/// What webhooks make of an object.
pub(super) fn webhooks(write: &Write<'_>, value: &Value, before: Option<&Value>) -> Result<Option<Value>, Status> {
    ask(write, if before.is_some() { "UPDATE" } else { "CREATE" }, value)
}

/// The same, for an object that is to be deleted.
pub(super) fn ask(write: &Write<'_>, operation: &str, value: &Value) -> Result<Option<Value>, Status> {
    let request = webhooks::Request {
        operation,
        group: &write.resource.group,
        version: &write.resource.version,
        resource: &write.resource.plural,
        kind: &write.resource.kind,
        namespace: write.namespace.as_deref(),
        object: value,
    };
    webhooks::admit(write.cluster, &request)
        .map_err(|refusal| Status::new(refusal.code, refusal.reason, refusal.message))
}

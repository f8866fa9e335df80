//! Admission by webhooks: which of them an object concerns, who answers, and what the answer is.

use std::sync::Arc;

use serde_json::Value;

use super::{
    injection, istiod, metallb,
    object::{
        MUTATING, NAMESPACE, POD, SERVICE, VALIDATING, is_going, list, name, selects, selects_plainly, text, uid,
    },
    pods,
};
use crate::{Fault, clock::Work, kube::Cluster};

/// What is to be admitted.
pub struct Request<'a> {
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub operation: &'a str,
    /// The group: empty for the core.
    pub group: &'a str,
    /// The version.
    pub version: &'a str,
    /// The plural.
    pub resource: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The namespace, of an object that has one.
    pub namespace: Option<&'a str>,
    /// The object; the old one when it is deleted.
    pub object: &'a Value,
}

/// Why an object is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP code: 500 when a webhook cannot be called, else what it says.
    pub code: u16,
    /// The reason in a word.
    pub reason: &'static str,
    /// The text.
    pub message: String,
}

/// Ask all webhooks that an object concerns: first those that may change it, then those that judge it. Returns the changed object.
///
/// # Errors
/// The first refusal.
pub fn admit(cluster: &Cluster, request: &Request<'_>) -> Result<Option<Value>, Refusal> {
    let mut changed: Option<Value> = None;
    for webhook in concerned(cluster, MUTATING, request) {
        let object = changed.as_ref().unwrap_or(request.object);
        let Some(backend) = call(cluster, &webhook)? else { continue };
        let now = Request { object, ..*request };
        if let Some(next) = backend.change(&webhook, &now)? {
            changed = Some(next);
        }
    }
    for webhook in concerned(cluster, VALIDATING, request) {
        let object = changed.as_ref().unwrap_or(request.object);
        let Some(backend) = call(cluster, &webhook)? else { continue };
        backend.judge(cluster, &webhook, object)?;
    }
    Ok(changed)
}

/// The webhooks that an object concerns, in the order in which they are asked.
fn concerned(cluster: &Cluster, kind: super::object::Kind, request: &Request<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for configuration in cluster.store().list(kind, None) {
        let fit = list(&configuration, "/webhooks").iter().filter(|webhook| concerns(cluster, webhook, request));
        all.extend(fit.cloned());
    }
    all
}

fn concerns(cluster: &Cluster, webhook: &Value, request: &Request<'_>) -> bool {
    let has = |rule: &Value, key: &str, wanted: &str| {
        list(rule, key).iter().any(|one| matches!(one.as_str(), Some(one) if one == "*" || one == wanted))
    };
    let rule_fits = |rule: &Value| {
        has(rule, "/operations", request.operation)
            && has(rule, "/apiGroups", request.group)
            && has(rule, "/apiVersions", request.version)
            && has(rule, "/resources", request.resource)
    };
    let rule = list(webhook, "/rules").iter().any(rule_fits);
    let everything = |selector: Option<&Value>| selector.is_none_or(Value::is_null);
    let object_selector = webhook.get("objectSelector");
    let by_object = everything(object_selector) || selects(object_selector, request.object.pointer("/metadata/labels"));
    let space_selector = webhook.get("namespaceSelector");
    let by_space = everything(space_selector)
        || match request.namespace {
            None => true,
            Some(of) => {
                let space = cluster.store().get(NAMESPACE, None, of);
                selects(space_selector, space.as_ref().and_then(|one| one.pointer("/metadata/labels")))
            }
        };
    rule && by_object && by_space
}

/// Who answers a webhook.
enum Backend {
    /// An istiod, in this cluster or in the one that controls it.
    Istiod(Arc<Cluster>),
    /// MetalLB's controller.
    Metallb,
}

/// Reach the program behind a webhook. Nothing when it cannot be reached and does not matter.
fn call(cluster: &Cluster, webhook: &Value) -> Result<Option<Backend>, Refusal> {
    match reach(cluster, webhook) {
        Ok(backend) => Ok(Some(backend)),
        Err(_) if text(webhook, "/failurePolicy") == "Ignore" => Ok(None),
        Err(why) => Err(Refusal {
            code: 500,
            reason: "InternalError",
            message: format!(
                "Internal error occurred: failed calling webhook \"{}\": failed to call webhook: {why}",
                text(webhook, "/name")
            ),
        }),
    }
}

fn reach(cluster: &Cluster, webhook: &Value) -> Result<Backend, String> {
    let service = &webhook["clientConfig"]["service"];
    let (of, service_name, path) = (text(service, "/namespace"), text(service, "/name"), text(service, "/path"));
    let port = service.get("port").and_then(Value::as_u64).unwrap_or(443);
    let timeout = webhook.get("timeoutSeconds").and_then(Value::as_u64).unwrap_or(10);
    let post = format!("Post \"https://{service_name}.{of}.svc:{port}{path}?timeout={timeout}s\"");
    if service.is_null() {
        let url = text(webhook, "/clientConfig/url");
        return Err(format!("Post \"{url}?timeout={timeout}s\": the simulator does not know who answers there"));
    }
    let world = cluster.world().ok_or("the world is gone")?;
    let found = cluster.store().get(SERVICE, Some(of), service_name);
    let Some(found) = found else { return Err(format!("{post}: service \"{service_name}\" not found")) };
    if world.faults().contains(&Fault::SilentWebhook { cluster: cluster.name().to_owned() }) {
        return Err(format!("{post}: context deadline exceeded"));
    }
    let refused =
        || format!("{post}: dial tcp {}:{port}: connect: connection refused", text(&found, "/spec/clusterIP"));
    let backend = if found.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|one| !one.is_empty()) {
        backend_in(cluster, &world, &found).ok_or_else(refused)?
    } else {
        let own = world.cluster(cluster.name()).ok_or_else(refused)?;
        Backend::Istiod(crate::mesh::control_of(&world, &own).ok_or_else(refused)?)
    };
    if text(webhook, "/clientConfig/caBundle").is_empty() {
        return Err(format!(
            "{post}: tls: failed to verify certificate: x509: certificate signed by unknown authority"
        ));
    }
    Ok(backend)
}

fn backend_in(cluster: &Cluster, world: &crate::World, service: &Value) -> Option<Backend> {
    let pods = cluster.store().list(POD, Some(text(service, "/metadata/namespace")));
    let ready = pods.iter().filter(|pod| {
        selects_plainly(service.pointer("/spec/selector"), pod.pointer("/metadata/labels"))
            && pods::is_ready(pod)
            && !is_going(pod)
    });
    for pod in ready {
        let since = cluster.runtime().process(uid(pod)).ready_since;
        if istiod::is_istiod(pod) {
            return Some(Backend::Istiod(world.cluster(cluster.name())?));
        }
        let is_metallb =
            list(pod, "/spec/containers").iter().any(|one| text(one, "/image").contains("metallb/controller"));
        if is_metallb {
            let serves = since.is_some_and(|since| world.clock.now() >= since + world.clock.takes(Work::Webhook));
            return serves.then_some(Backend::Metallb);
        }
        world.recorder.unknown(format!("the webhook of pod {}", name(pod)));
    }
    None
}

impl Backend {
    fn change(&self, webhook: &Value, request: &Request<'_>) -> Result<Option<Value>, Refusal> {
        match self {
            Self::Istiod(control) if request.kind == "Pod" => {
                let path = text(webhook, "/clientConfig/service/path");
                injection::inject(control, path, request.namespace.unwrap_or_default(), request.object)
                    .map_err(|why| denied(webhook, 400, "BadRequest", &why))
            }
            _ => Ok(None),
        }
    }

    fn judge(&self, cluster: &Cluster, webhook: &Value, object: &Value) -> Result<(), Refusal> {
        match self {
            Self::Metallb => {
                metallb::validate(cluster.store(), object).map_err(|why| denied(webhook, 403, "Forbidden", &why))
            }
            Self::Istiod(_) => {
                super::validation::validate(object).map_err(|why| denied(webhook, 400, "BadRequest", &why))
            }
        }
    }
}

fn denied(webhook: &Value, code: u16, reason: &'static str, why: &str) -> Refusal {
    Refusal {
        code,
        reason,
        message: format!("admission webhook \"{}\" denied the request: {why}", text(webhook, "/name")),
    }
}

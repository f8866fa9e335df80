//! istiod's part: the root of trust it starts with, the certificate in every namespace, the webhooks' bundles.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Context, certificate,
    object::{CONFIG_MAP, MUTATING, NAMESPACE, POD, SECRET, VALIDATING, is_going, list, name, namespace, text, uid},
    pods,
};
use crate::{kube::Cluster, mesh};

/// Namespaces that get no root certificate.
const IGNORED: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// As data of a secret stands.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The text of an entry of a secret.
pub fn decode(secret: &Value, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(secret.get("data")?.get(key)?.as_str()?).ok()?; // what is no base64 is no entry
    String::from_utf8(bytes).ok() // the same
}

/// Whether a pod is one of istiod.
pub fn is_istiod(pod: &Value) -> bool {
    list(pod, "/spec/containers").iter().any(|one| {
        let image = text(one, "/image");
        image
            .rsplit('/')
            .next()
            .is_some_and(|last| last == "pilot" || last.starts_with("pilot:") || last.starts_with("pilot@"))
    })
}

/// The istiod pods of a cluster that are ready.
pub fn ready_pods(cluster: &Cluster) -> Vec<Arc<Value>> {
    let all = cluster.store().list(POD, None);
    all.into_iter().filter(|pod| is_istiod(pod) && pods::is_ready(pod) && !is_going(pod)).collect()
}

/// The root that the istiod of a cluster issues certificates under; nothing when none is ready.
pub fn root(cluster: &Cluster) -> Option<Arc<str>> {
    ready_pods(cluster).iter().find_map(|pod| cluster.runtime().process(uid(pod)).root)
}

/// The root that a pod has when it starts now: an istiod reads or makes its own, a proxy gets that of its istiod.
pub fn root_at_start(context: &Context<'_>, pod: &Value) -> Option<Arc<str>> {
    if is_istiod(pod) {
        return own_root(context, namespace(pod));
    }
    if !has_proxy(pod) {
        return None;
    }
    mesh::control_of(context.world, context.cluster).and_then(|control| root(&control))
}

/// Whether a pod is started with a root of trust: one of istiod, or with a proxy.
pub fn trusts(pod: &Value) -> bool {
    is_istiod(pod) || has_proxy(pod)
}

fn has_proxy(pod: &Value) -> bool {
    list(pod, "/spec/containers").iter().any(|one| text(one, "/image").contains("/proxyv2"))
}

/// Whether some istiod serves the proxies of this cluster.
pub fn serves_proxy(context: &Context<'_>, _pod: &Value) -> bool {
    mesh::control_of(context.world, context.cluster).is_some()
}

fn own_root(context: &Context<'_>, of: &str) -> Option<Arc<str>> {
    if let Some(plugged) = context.get(SECRET, of, "cacerts") {
        let has_key = decode(&plugged, "ca-key.pem").is_some() || decode(&plugged, "tls.key").is_some();
        let root = decode(&plugged, "root-cert.pem").or_else(|| decode(&plugged, "ca.crt"));
        if let (true, Some(root)) = (has_key, root) {
            return Some(root.trim().into());
        }
    }
    if let Some(own) = context.get(SECRET, of, "istio-ca-secret") {
        return decode(&own, "ca-cert.pem").map(|one| one.trim().into());
    }
    let pair = certificate::authority("cluster.local")?;
    let certificate = encode(pair.certificate.as_bytes());
    context.create(json!({
        "apiVersion": SECRET.0, "kind": SECRET.1, "metadata": {"name": "istio-ca-secret", "namespace": of}, "type": "istio.io/ca-root",
        "data": {
            "ca-cert.pem": certificate, "ca-key.pem": encode(pair.key.as_bytes()), "cert-chain.pem": "", "root-cert.pem": certificate,
            "key.pem": "",
        },
    }));
    Some(pair.certificate.trim().into())
}

/// One step: what the istiod that controls this cluster writes into it.
pub fn step(context: &Context<'_>) {
    if context.list(MUTATING, None).is_empty() {
        return;
    }
    let Some(root) = mesh::control_of(context.world, context.cluster).and_then(|control| root(&control)) else {
        // The istiod of another cluster may come to control this one, which nothing here tells.
        context.again(std::time::Duration::from_millis(100));
        return;
    };
    publish(context, &root);
    let bundle = encode(format!("{root}\n").as_bytes());
    for configuration in context.list(MUTATING, None) {
        bundle_of(context, MUTATING, &configuration, &bundle);
    }
    for configuration in context.list(VALIDATING, None) {
        bundle_of(context, VALIDATING, &configuration, &bundle);
    }
}

fn publish(context: &Context<'_>, root: &str) {
    let wanted = json!({"root-cert.pem": format!("{root}\n")});
    for space in context.list(NAMESPACE, None) {
        let of = name(&space);
        if is_going(&space) || IGNORED.contains(&of) {
            continue;
        }
        match context.get(CONFIG_MAP, of, "istio-ca-root-cert") {
            Some(present) if text(&present, "/data/root-cert.pem").trim() == root.trim() => {}
            Some(present) => context.modify(CONFIG_MAP, &present, |one| one["data"] = wanted.clone()),
            None => context.create(json!({
                "apiVersion": CONFIG_MAP.0, "kind": CONFIG_MAP.1, "data": wanted,
                "metadata": {"name": "istio-ca-root-cert", "namespace": of, "labels": {"istio.io/config": "true"}},
            })),
        }
    }
}

fn leads_to_istiod(webhook: &Value) -> bool {
    let service = text(webhook, "/clientConfig/service/name");
    service == "istiod" || service.starts_with("istiod-")
}

/// Whether two bundles hold the same certificates, whatever stands around them.
fn is_same_bundle(one: &str, other: &str) -> bool {
    let bytes = |text: &str| STANDARD.decode(text).map(|bytes| bytes.trim_ascii().to_owned());
    one == other || bytes(one).is_ok_and(|one| bytes(other).is_ok_and(|other| one == other))
}

fn bundle_of(context: &Context<'_>, kind: super::object::Kind, configuration: &Value, bundle: &str) {
    let is_validating = kind == VALIDATING;
    let differs = |webhook: &Value| {
        leads_to_istiod(webhook)
            && (!is_same_bundle(text(webhook, "/clientConfig/caBundle"), bundle)
                || is_validating && text(webhook, "/failurePolicy") == "Ignore")
    };
    if !list(configuration, "/webhooks").iter().any(differs) {
        return;
    }
    context.modify_as("pilot-discovery", kind, configuration, |one| {
        let webhooks = one["webhooks"].as_array_mut().into_iter().flatten();
        for webhook in webhooks.filter(|webhook| leads_to_istiod(webhook)) {
            webhook["clientConfig"]["caBundle"] = json!(bundle);
            if is_validating {
                webhook["failurePolicy"] = json!("Fail");
            }
        }
    });
}

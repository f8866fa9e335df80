//! Namespaces: what every one has, and how one ends with everything in it.

use serde_json::{Value, json};

use super::{
    Context,
    object::{CONFIG_MAP, NAMESPACE, POD, SERVICE_ACCOUNT, is_going, name},
};

/// One step: the default service account and the authority's certificate in every namespace, its phase.
pub fn step(context: &Context<'_>) {
    for space in context.list(NAMESPACE, None) {
        if is_going(&space) {
            continue;
        }
        let of = name(&space);
        if context.get(SERVICE_ACCOUNT, of, "default").is_none() {
            context.create(json!({
                "apiVersion": SERVICE_ACCOUNT.0, "kind": SERVICE_ACCOUNT.1, "metadata": {"name": "default", "namespace": of},
            }));
        }
        if context.get(CONFIG_MAP, of, "kube-root-ca.crt").is_none() {
            let description = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
            context.create(json!({
                "apiVersion": CONFIG_MAP.0, "kind": CONFIG_MAP.1,
                "metadata": {
                    "name": "kube-root-ca.crt", "namespace": of, "annotations": {"kubernetes.io/description": description},
                },
                "data": {"ca.crt": context.cluster.root_pem()},
            }));
        }
        if space.pointer("/status/phase").is_none()
            || space.pointer("/metadata/labels/kubernetes.io~1metadata.name").is_none()
        {
            context.modify(NAMESPACE, &space, |one| {
                one["status"]["phase"] = json!("Active");
                one["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(of);
            });
        }
    }
}

/// One step: empty namespaces that shall go, then let them go.
pub fn end(context: &Context<'_>) {
    for space in context.list(NAMESPACE, None).iter().filter(|space| is_going(space)) {
        if empty(context, name(space)) {
            context.modify(NAMESPACE, space, |one| {
                one["spec"]["finalizers"] = json!([]);
            });
            if context.get(NAMESPACE, "", name(space)).is_some_and(|left| is_held_by_nothing(&left)) {
                context.delete(NAMESPACE, space);
            }
        } else {
            context.again(std::time::Duration::from_millis(5));
        }
    }
}

fn is_held_by_nothing(space: &Value) -> bool {
    super::object::list(space, "/metadata/finalizers").is_empty()
}

/// Delete everything in a namespace. Returns whether nothing is left.
fn empty(context: &Context<'_>, of: &str) -> bool {
    let mut is_empty = true;
    for (api_version, kind) in context.store().kinds() {
        for object in context.store().list((&api_version, &kind), Some(of)) {
            is_empty = false;
            if is_going(&object) {
                continue;
            }
            if (api_version.as_str(), kind.as_str()) == POD {
                context.terminate(&object);
                continue;
            }
            // Gone meanwhile is as good.
            let _ = context.store().delete((&api_version, &kind), Some(of), name(&object));
        }
    }
    is_empty
}

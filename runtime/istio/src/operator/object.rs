//! Kubernetes objects as values: what they are called, and in which order they come.

use std::cmp::Ordering;

use serde_json::Value;

use crate::operator::component::text;

pub(crate) fn kind(object: &Value) -> &str {
    text(object, "kind")
}

pub(crate) fn name(object: &Value) -> &str {
    object.get("metadata").map_or("", |metadata| text(metadata, "name"))
}

pub(crate) fn namespace(object: &Value) -> &str {
    object.get("metadata").map_or("", |metadata| text(metadata, "namespace"))
}

/// `Deployment istio-system/istiod`, for error texts.
pub(crate) fn label(object: &Value) -> String {
    match namespace(object) {
        "" => format!("{} {}", kind(object), name(object)),
        namespace => format!("{} {namespace}/{}", kind(object), name(object)),
    }
}

/// The part of `apiVersion` before the slash; core objects have none.
fn group(object: &Value) -> &str {
    text(object, "apiVersion").split_once('/').map_or("", |(group, _)| group)
}

/// The order in which objects are printed and applied: definitions, accounts and roles first, services last.
pub fn order(one: &Value, other: &Value) -> Ordering {
    let key = |object| (score(object), group(object), kind(object), name(object));
    let (one, other): ((i32, &str, &str, &str), _) = (key(one), key(other));
    one.cmp(&other)
}

fn score(object: &Value) -> i32 {
    match (group(object), kind(object)) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => -1000,
        ("", "ServiceAccount") | ("rbac.authorization.k8s.io", "ClusterRole") => 1,
        ("rbac.authorization.k8s.io", "ClusterRoleBinding") => 2,
        // It lets everything pass when it is made, and so resets one left over that does not.
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => 3,
        ("", "ConfigMap") => 100,
        ("autoscaling", "HorizontalPodAutoscaler") => 1001,
        ("", "Service") => 10_000,
        _ => 1000,
    }
}

/// The key that an object lacks to be one.
pub(crate) fn missing_key(value: &Value) -> Option<&'static str> {
    ["kind", "apiVersion"].into_iter().find(|key| text(value, key).is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_come_in_istios_order() {
        let object = |version: &str, kind: &str, name: &str| json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}});
        let mut objects = [
            object("v1", "Service", "s"),
            object("autoscaling/v2", "HorizontalPodAutoscaler", "h"),
            object("policy/v1", "PodDisruptionBudget", "p"),
            object("apps/v1", "Deployment", "d"),
            object("v1", "Secret", "x"),
            object("v1", "ConfigMap", "c"),
            object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "m"),
            object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "v"),
            object("rbac.authorization.k8s.io/v1", "ClusterRole", "r"),
            object("v1", "ServiceAccount", "b"),
            object("v1", "ServiceAccount", "a"),
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "z"),
        ];
        objects.sort_by(order);
        let names: String = objects.iter().map(name).collect();
        assert_eq!(names, "zabrvcxmdphs");
    }
}

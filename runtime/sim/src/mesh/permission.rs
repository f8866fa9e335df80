//! Whether the token of a remote secret lets istiod read what it needs.

use serde_json::Value;

use crate::{
    controllers::object::{list, text},
    kube::{Cluster, User},
};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Whether a user may list and watch a resource in all namespaces.
pub fn may_list(cluster: &Cluster, user: &User, group: &str, resource: &str) -> bool {
    let bindings = cluster.store().list((RBAC, "ClusterRoleBinding"), None);
    let roles = bindings.iter().filter(|binding| list(binding, "/subjects").iter().any(|one| is(user, one)));
    let rules =
        roles.filter_map(|binding| cluster.store().get((RBAC, "ClusterRole"), None, text(binding, "/roleRef/name")));
    rules.into_iter().any(|role| list(&role, "/rules").iter().any(|rule| allows(rule, group, resource)))
}

fn is(user: &User, subject: &Value) -> bool {
    match text(subject, "/kind") {
        "User" => text(subject, "/name") == user.name,
        "Group" => user.groups.iter().any(|one| one == text(subject, "/name")),
        "ServiceAccount" => {
            user.name == format!("system:serviceaccount:{}:{}", text(subject, "/namespace"), text(subject, "/name"))
        }
        _ => false,
    }
}

fn allows(rule: &Value, group: &str, resource: &str) -> bool {
    let has = |key: &str, wanted: &str| {
        list(rule, key).iter().any(|one| matches!(one.as_str(), Some(one) if one == "*" || one == wanted))
    };
    has("/apiGroups", group) && has("/resources", resource) && has("/verbs", "list") && has("/verbs", "watch")
}

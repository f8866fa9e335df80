//! Who may do what: roles and bindings.

use serde_json::Value;

use super::{cluster::Cluster, object, select::label_selector_matches, status::Status, user::User};

const GROUP: &str = "rbac.authorization.k8s.io/v1";

/// What somebody wants to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// `get`, `list`, `create` and so on.
    pub verb: String,
    /// The group; empty for the core.
    pub group: String,
    /// The plural, of an act on objects.
    pub resource: String,
    /// The subresource.
    pub subresource: String,
    /// The namespace; of none, in all of them.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The path, of an act on something else.
    pub path: String,
}

impl Cluster {
    /// Whether a user may do something.
    #[must_use]
    pub fn allows(&self, user: &User, act: &Act) -> bool {
        if user.groups.iter().any(|group| group == "system:masters") {
            return true;
        }
        self.rules(user, &act.namespace).iter().any(|rule| permits(rule, act))
    }

    /// The rules that hold for a user in a namespace.
    pub(super) fn rules(&self, user: &User, namespace: &str) -> Vec<Value> {
        let mut rules = Vec::new();
        for binding in self.store.list((GROUP, "ClusterRoleBinding"), None) {
            if binds(&binding, user, "") {
                rules.extend(self.role_rules(&binding["roleRef"], ""));
            }
        }
        if !namespace.is_empty() {
            for binding in self.store.list((GROUP, "RoleBinding"), Some(namespace)) {
                if binds(&binding, user, namespace) {
                    rules.extend(self.role_rules(&binding["roleRef"], namespace));
                }
            }
        }
        rules
    }

    fn role_rules(&self, reference: &Value, namespace: &str) -> Vec<Value> {
        let name = object::text(reference, "/name");
        let role = match object::text(reference, "/kind") {
            "ClusterRole" => self.store.get((GROUP, "ClusterRole"), None, name),
            _ => self.store.get((GROUP, "Role"), Some(namespace), name),
        };
        let Some(role) = role else { return Vec::new() };
        let mut rules = role["rules"].as_array().cloned().unwrap_or_default();
        let selectors = role.pointer("/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
        for selector in selectors.into_iter().flatten() {
            for other in self.store.list((GROUP, "ClusterRole"), None) {
                if label_selector_matches(selector, &other["metadata"]["labels"]) {
                    rules.extend(other["rules"].as_array().cloned().unwrap_or_default());
                }
            }
        }
        rules
    }
}

fn binds(binding: &Value, user: &User, namespace: &str) -> bool {
    let mut subjects = binding["subjects"].as_array().into_iter().flatten();
    subjects.any(|subject| {
        let name = object::text(subject, "/name");
        match object::text(subject, "/kind") {
            "User" => name == user.name,
            "Group" => user.groups.iter().any(|group| group == name),
            "ServiceAccount" => {
                let of = object::namespace_of_subject(subject).unwrap_or(namespace);
                user.name == format!("system:serviceaccount:{of}:{name}")
            }
            _ => false,
        }
    })
}

fn permits(rule: &Value, act: &Act) -> bool {
    let list = |key: &str| rule[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    let has = |key: &str, wanted: &str| list(key).any(|one| one == "*" || one == wanted);
    if !has("verbs", &act.verb) {
        return false;
    }
    if !act.path.is_empty() {
        let fits =
            |one: &str| one == act.path || one.strip_suffix('*').is_some_and(|start| act.path.starts_with(start));
        return list("nonResourceURLs").any(fits);
    }
    let resource = match act.subresource.as_str() {
        "" => act.resource.clone(),
        subresource => format!("{}/{subresource}", act.resource),
    };
    let of_any = |one: &str| !act.subresource.is_empty() && one == format!("*/{}", act.subresource);
    let names: Vec<&str> = list("resourceNames").collect();
    has("apiGroups", &act.group)
        && (has("resources", &resource) || list("resources").any(of_any))
        && (names.is_empty() || names.contains(&act.name.as_str()))
}

/// The refusal of an act, in the words of the server.
pub(super) fn refusal(user: &User, act: &Act) -> Status {
    let name = &user.name;
    if !act.path.is_empty() {
        return Status::forbidden(format!("forbidden: User \"{name}\" cannot {} path \"{}\"", act.verb, act.path));
    }
    let qualified = if act.group.is_empty() { act.resource.clone() } else { format!("{}.{}", act.resource, act.group) };
    let subject =
        if act.name.is_empty() { format!("{qualified} is") } else { format!("{qualified} \"{}\" is", act.name) };
    let resource = match act.subresource.as_str() {
        "" => act.resource.clone(),
        subresource => format!("{}/{subresource}", act.resource),
    };
    let place = match act.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let message = format!(
        "{subject} forbidden: User \"{name}\" cannot {} resource \"{resource}\" in API group \"{}\" {place}",
        act.verb, act.group
    );
    Status::forbidden(message).about(&qualified, &act.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_permit() {
        let rule =
            json!({ "apiGroups": [""], "resources": ["pods", "*/log"], "verbs": ["get"], "resourceNames": ["a"] });
        let act = |resource: &str, subresource: &str, name: &str| Act {
            verb: "get".into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            ..Act::default()
        };
        assert!(permits(&rule, &act("pods", "", "a")) && permits(&rule, &act("x", "log", "a")));
        assert!(!permits(&rule, &act("pods", "", "b")) && !permits(&rule, &act("pods", "exec", "a")));
        let paths = json!({ "nonResourceURLs": ["/apis/*"], "verbs": ["get"] });
        let path = |path: &str| Act { verb: "get".into(), path: path.into(), ..Act::default() };
        assert!(permits(&paths, &path("/apis/x")) && !permits(&paths, &path("/metrics")));
    }

    #[test]
    fn a_refusal_names_who_and_what() {
        let act = Act { verb: "list".into(), resource: "pods".into(), namespace: "n".into(), ..Act::default() };
        let status = refusal(&User::service_account("n", "a"), &act);
        assert_eq!(
            status.message,
            "pods is forbidden: User \"system:serviceaccount:n:a\" cannot list resource \"pods\" in API group \"\" in the namespace \"n\""
        );
    }
}

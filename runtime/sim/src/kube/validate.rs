//! What the server refuses of Kubernetes' own kinds: names, labels, ports, what must be there, what cannot change.

use serde_json::Value;

use super::{
    check,
    kinds::Resource,
    object,
    status::{Cause, Status},
};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Look at an object; `before` is what it was.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn validate(value: &Value, before: Option<&Value>, resource: &Resource) -> Result<(), Status> {
    let mut causes = Vec::new();
    metadata(value, resource, &mut causes);
    if !resource.custom {
        let missing = check::missing(value, &resource.api_version(), &resource.kind);
        causes.extend(missing.into_iter().filter(|path| path.starts_with("spec")).map(|path| required(&path)));
        of_kind(value, before, resource, &mut causes);
    }
    if causes.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&resource.qualified_kind(), object::name(value), &causes))
}

fn metadata(value: &Value, resource: &Resource, causes: &mut Vec<Cause>) {
    let name = object::name(value);
    if name.is_empty() && object::text(value, "/metadata/generateName").is_empty() {
        let mut cause = required("metadata.name");
        cause.message.push_str(": name or generateName is required");
        causes.push(cause);
    } else if !name.is_empty() {
        causes.extend(bad_name(name, resource).map(|why| invalid("metadata.name", &format!("\"{name}\""), why)));
    }
    for (key, part) in value["metadata"]["labels"].as_object().into_iter().flatten() {
        let short = key.rsplit('/').next().unwrap_or(key);
        if !is_word(short, 63) || short.is_empty() {
            causes.push(invalid("metadata.labels", &format!("\"{key}\""), LABEL_KEY));
        }
        let text = part.as_str().unwrap_or_default();
        if text.len() > 63 {
            causes.push(invalid("metadata.labels", &format!("\"{text}\""), "must be no more than 63 characters"));
        } else if !is_word(text, 63) {
            causes.push(invalid("metadata.labels", &format!("\"{text}\""), LABEL_VALUE));
        }
    }
}

fn bad_name(name: &str, resource: &Resource) -> Option<&'static str> {
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("rbac.authorization.k8s.io", _) => None,
        ("", "Namespace") if name.contains('.') => Some("must not contain dots"),
        ("", "Namespace") => (!is_label(name)).then_some(LABEL),
        ("", "Service") => {
            (!is_label(name) || name.starts_with(|letter: char| letter.is_ascii_digit())).then_some(OLD_LABEL)
        }
        ("", "Event") | ("events.k8s.io", _) => None,
        _ => (name.len() > 253 || !name.split('.').all(is_label_of_any_length)).then_some(SUBDOMAIN),
    }
}

fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_label_of_any_length(text)
}

fn is_label_of_any_length(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.chars().all(|letter| fits(letter) || letter == '-') && text.starts_with(fits) && text.ends_with(fits)
}

fn is_word(text: &str, most: usize) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric();
    let inner = |letter: char| fits(letter) || matches!(letter, '-' | '_' | '.');
    text.is_empty() || text.len() <= most && text.chars().all(inner) && text.starts_with(fits) && text.ends_with(fits)
}

fn of_kind(value: &Value, before: Option<&Value>, resource: &Resource, causes: &mut Vec<Cause>) {
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Service") => service(value, before, causes),
        ("", "Pod") => pod(value, before, causes),
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => workload(value, before, causes),
        ("batch", "Job") => {
            if let Some(before) =
                before.filter(|before| before["spec"]["template"]["spec"] != value["spec"]["template"]["spec"])
            {
                let _whole = before;
                causes.push(invalid("spec.template", "core.PodTemplateSpec", "field is immutable"));
            }
            if matches!(object::text(value, "/spec/template/spec/restartPolicy"), "Always") {
                causes.push(unsupported("spec.template.spec.restartPolicy", "Always", &["OnFailure", "Never"]));
            }
        }
        ("", "ConfigMap" | "Secret") => frozen(value, before, causes),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            if let Some(before) = before.filter(|before| before["roleRef"] != value["roleRef"]) {
                let _old = before;
                let of = &value["roleRef"];
                let shown =
                    format!("rbac.RoleRef{{APIGroup:{}, Kind:{}, Name:{}}}", of["apiGroup"], of["kind"], of["name"]);
                causes.push(invalid("roleRef", &shown, "cannot change roleRef"));
            }
        }
        ("apiextensions.k8s.io", _) => definition(value, causes),
        _ => {}
    }
}

fn service(value: &Value, before: Option<&Value>, causes: &mut Vec<Cause>) {
    let spec = &value["spec"];
    let kind = object::text(spec, "/type");
    if !["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"].contains(&kind) {
        causes.push(unsupported("spec.type", kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]));
    }
    let ports = spec["ports"].as_array().cloned().unwrap_or_default();
    if ports.is_empty() && kind != "ExternalName" && spec["clusterIP"] != "None" {
        causes.push(required("spec.ports"));
    }
    for (index, port) in ports.iter().enumerate() {
        let place = format!("spec.ports[{index}]");
        if ports.len() > 1 && object::text(port, "/name").is_empty() {
            causes.push(required(&format!("{place}.name")));
        }
        let name = object::text(port, "/name");
        if !name.is_empty() && ports[..index].iter().any(|other| other["name"] == name) {
            causes.push(duplicate(&format!("{place}.name"), &format!("\"{name}\"")));
        }
        if !name.is_empty() && !is_label(name) {
            causes.push(invalid(&format!("{place}.name"), &format!("\"{name}\""), LABEL));
        }
        port_number(&port["port"], &format!("{place}.port"), causes);
        if port["targetPort"].is_number() {
            port_number(&port["targetPort"], &format!("{place}.targetPort"), causes);
        }
        let protocol = object::text(port, "/protocol");
        if !["TCP", "UDP", "SCTP"].contains(&protocol) {
            causes.push(unsupported(&format!("{place}.protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
    }
    let old = before.map(|before| object::text(before, "/spec/clusterIP")).unwrap_or_default();
    let new = object::text(spec, "/clusterIP");
    if !old.is_empty() && old != new && kind != "ExternalName" {
        causes.push(invalid("spec.clusterIPs[0]", &format!("[]string{{\"{new}\"}}"), "may not change once set"));
    }
}

fn port_number(value: &Value, place: &str, causes: &mut Vec<Cause>) {
    if value.as_i64().is_some_and(|number| !(1..=65535).contains(&number)) {
        causes.push(invalid(place, &value.to_string(), "must be between 1 and 65535, inclusive"));
    }
}

fn pod(value: &Value, before: Option<&Value>, causes: &mut Vec<Cause>) {
    pod_spec(&value["spec"], "spec", causes);
    let Some(before) = before else { return };
    let comparable = |value: &Value| {
        let mut spec = value["spec"].clone();
        for key in ["containers", "initContainers"] {
            for one in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                one["image"] = Value::Null;
            }
        }
        for key in [
            "nodeName",
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "ephemeralContainers",
            "schedulingGates",
        ] {
            object::map_mut(&mut spec).remove(key);
        }
        spec
    };
    if comparable(value) != comparable(before) {
        causes.push(Cause {
            reason: "FieldValueForbidden",
            message: "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)".to_owned(),
            field: "spec".to_owned(),
        });
    }
}

fn pod_spec(spec: &Value, place: &str, causes: &mut Vec<Cause>) {
    let all = spec["containers"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        let place = format!("{place}.containers");
        if !causes.iter().any(|cause| cause.field == place) {
            causes.push(required(&place));
        }
    }
    for (index, one) in all.iter().enumerate() {
        let place = format!("{place}.containers[{index}]");
        let name = object::text(one, "/name");
        if !name.is_empty() && !is_label(name) {
            causes.push(invalid(&format!("{place}.name"), &format!("\"{name}\""), LABEL));
        }
        if all[..index].iter().any(|other| other["name"] == name) {
            causes.push(duplicate(&format!("{place}.name"), &format!("\"{name}\"")));
        }
        if object::text(one, "/image").is_empty() {
            causes.push(required(&format!("{place}.image")));
        }
        let policy = object::text(one, "/imagePullPolicy");
        if !["Always", "IfNotPresent", "Never"].contains(&policy) {
            causes.push(unsupported(&format!("{place}.imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]));
        }
        for (number, port) in one["ports"].as_array().into_iter().flatten().enumerate() {
            port_number(&port["containerPort"], &format!("{place}.ports[{number}].containerPort"), causes);
        }
        for (number, mount) in one["volumeMounts"].as_array().into_iter().flatten().enumerate() {
            let known = spec["volumes"].as_array().into_iter().flatten().any(|volume| volume["name"] == mount["name"]);
            if !known {
                causes.push(Cause {
                    reason: "FieldValueNotFound",
                    message: format!("Not found: {}", mount["name"]),
                    field: format!("{place}.volumeMounts[{number}].name"),
                });
            }
        }
    }
    let policy = object::text(spec, "/restartPolicy");
    if !["Always", "OnFailure", "Never"].contains(&policy) {
        causes.push(unsupported(&format!("{place}.restartPolicy"), policy, &["Always", "OnFailure", "Never"]));
    }
}

fn workload(value: &Value, before: Option<&Value>, causes: &mut Vec<Cause>) {
    let spec = &value["spec"];
    if spec["replicas"].as_i64().is_some_and(|count| count < 0) {
        causes.push(invalid("spec.replicas", &spec["replicas"].to_string(), "must be greater than or equal to 0"));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let wanted = spec["selector"]["matchLabels"].as_object();
    if spec["selector"].is_object() && spec["selector"] == serde_json::json!({}) {
        causes.push(invalid(
            "spec.selector",
            "v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}",
            "empty selector is invalid for deployment",
        ));
    }
    if wanted.is_some_and(|wanted| wanted.iter().any(|(key, value)| labels.get(key) != Some(value))) {
        let text = "`selector` does not match template `labels`";
        causes.push(invalid("spec.template.metadata.labels", &go_map(labels), text));
    }
    if spec["template"].is_object() {
        pod_spec(&spec["template"]["spec"], "spec.template.spec", causes);
    }
    if before.is_some_and(|before| before["spec"]["selector"] != spec["selector"]) {
        let shown = format!(
            "v1.LabelSelector{{MatchLabels:{}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}}",
            go_map(&spec["selector"]["matchLabels"])
        );
        causes.push(invalid("spec.selector", &shown, "field is immutable"));
    }
}

fn go_map(value: &Value) -> String {
    let all: Vec<String> =
        value.as_object().into_iter().flatten().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    if all.is_empty() {
        "map[string]string(nil)".to_owned()
    } else {
        format!("map[string]string{{{}}}", all.join(", "))
    }
}

fn frozen(value: &Value, before: Option<&Value>, causes: &mut Vec<Cause>) {
    for key in value["data"].as_object().into_iter().flatten().map(|(key, _)| key) {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if !key.chars().all(fits) || key.is_empty() {
            let text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
            causes.push(invalid(&format!("data[{key}]"), &format!("\"{key}\""), text));
        }
    }
    let Some(before) = before else { return };
    if value["kind"] == "Secret" && before["type"] != value["type"] {
        causes.push(invalid("type", &value["type"].to_string(), "field is immutable"));
    }
    if before["immutable"] == true && before["data"] != value["data"] {
        causes.push(Cause {
            reason: "FieldValueForbidden",
            message: "Forbidden: field is immutable when `immutable` is set".to_owned(),
            field: "data".to_owned(),
        });
    }
}

fn definition(value: &Value, causes: &mut Vec<Cause>) {
    let spec = &value["spec"];
    let wanted = format!("{}.{}", object::text(spec, "/names/plural"), object::text(spec, "/group"));
    if object::name(value) != wanted {
        let text = "must be spec.names.plural+\".\"+spec.group";
        causes.push(invalid("metadata.name", &format!("\"{}\"", object::name(value)), text));
    }
    let scope = object::text(spec, "/scope");
    if !["Cluster", "Namespaced"].contains(&scope) && !scope.is_empty() {
        causes.push(unsupported("spec.scope", scope, &["Cluster", "Namespaced"]));
    }
    let versions = spec["versions"].as_array().cloned().unwrap_or_default();
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let text = "must have exactly one version marked as storage version";
        causes.push(invalid("spec.versions", "[]apiextensions.CustomResourceDefinitionVersion", text));
    }
    for (index, version) in versions.iter().enumerate() {
        if version.pointer("/schema/openAPIV3Schema").is_none() {
            let mut cause = required(&format!("spec.versions[{index}].schema.openAPIV3Schema"));
            cause.message.push_str(": schemas are required");
            causes.push(cause);
        }
    }
}

fn required(path: &str) -> Cause {
    Cause { reason: "FieldValueRequired", message: "Required value".to_owned(), field: path.to_owned() }
}

fn invalid(path: &str, shown: &str, why: &str) -> Cause {
    Cause { reason: "FieldValueInvalid", message: format!("Invalid value: {shown}: {why}"), field: path.to_owned() }
}

fn duplicate(path: &str, shown: &str) -> Cause {
    Cause { reason: "FieldValueDuplicate", message: format!("Duplicate value: {shown}"), field: path.to_owned() }
}

fn unsupported(path: &str, found: &str, allowed: &[&str]) -> Cause {
    let allowed: Vec<String> = allowed.iter().map(|one| format!("\"{one}\"")).collect();
    let message = format!("Unsupported value: \"{found}\": supported values: {}", allowed.join(", "));
    Cause { reason: "FieldValueNotSupported", message, field: path.to_owned() }
}

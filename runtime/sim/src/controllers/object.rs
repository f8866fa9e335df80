//! Reading and writing the parts that all objects have: names, labels, owners, conditions.

use serde_json::{Map, Value, json};

pub use crate::kube::object::text;

/// A kind: its `apiVersion` and its name.
pub type Kind = (&'static str, &'static str);

pub const NAMESPACE: Kind = ("v1", "Namespace");
pub const NODE: Kind = ("v1", "Node");
pub const POD: Kind = ("v1", "Pod");
pub const SERVICE: Kind = ("v1", "Service");
pub const ENDPOINTS: Kind = ("v1", "Endpoints");
pub const SECRET: Kind = ("v1", "Secret");
pub const CONFIG_MAP: Kind = ("v1", "ConfigMap");
pub const SERVICE_ACCOUNT: Kind = ("v1", "ServiceAccount");
pub const EVENT: Kind = ("v1", "Event");
pub const CLAIM: Kind = ("v1", "PersistentVolumeClaim");
pub const LEASE: Kind = ("coordination.k8s.io/v1", "Lease");
pub const ENDPOINT_SLICE: Kind = ("discovery.k8s.io/v1", "EndpointSlice");
pub const DEPLOYMENT: Kind = ("apps/v1", "Deployment");
pub const REPLICA_SET: Kind = ("apps/v1", "ReplicaSet");
pub const DAEMON_SET: Kind = ("apps/v1", "DaemonSet");
pub const STATEFUL_SET: Kind = ("apps/v1", "StatefulSet");
pub const JOB: Kind = ("batch/v1", "Job");
pub const AUTOSCALER: Kind = ("autoscaling/v2", "HorizontalPodAutoscaler");
pub const BUDGET: Kind = ("policy/v1", "PodDisruptionBudget");
pub const MUTATING: Kind = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration");
pub const VALIDATING: Kind = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration");
pub const POOL: Kind = ("metallb.io/v1beta1", "IPAddressPool");

/// The name of an object.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// The namespace of an object, empty when it has none.
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// The unique id of an object.
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// A number at a path.
pub fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// A list at a path, empty when there is none.
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A label of an object.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// An annotation of an object.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// Whether somebody asked for its deletion.
pub fn is_going(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|one| !one.is_null())
}

/// The owner that controls an object.
pub fn controller(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences").iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

/// Whether `owner` controls an object.
pub fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|one| text(one, "/uid") == uid(owner))
}

/// A reference to the owner that controls an object.
pub fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// The status of a condition, empty when it is not there.
pub fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let found = list(object, "/status/conditions").iter().find(|one| text(one, "/type") == kind);
    found.map_or("", |one| text(one, "/status"))
}

/// What a condition says.
pub struct Condition<'a> {
    /// Its type.
    pub kind: &'a str,
    /// `True`, `False` or `Unknown`.
    pub status: &'a str,
    /// Why, in a word.
    pub reason: &'a str,
    /// Why, in a sentence.
    pub message: &'a str,
}

/// Set a condition; the time of its transition changes with its status only. `stamps` are the names of fields that hold that time.
pub fn set_condition(object: &mut Value, condition: &Condition<'_>, now: &str, stamps: &[&str]) {
    let Some(status) = object.as_object_mut().map(|map| map.entry("status").or_insert_with(|| json!({}))) else {
        return;
    };
    if !status.is_object() {
        *status = json!({});
    }
    let Some(all) = status.as_object_mut().map(|map| map.entry("conditions").or_insert_with(|| json!([]))) else {
        return;
    };
    if !all.is_array() {
        *all = json!([]);
    }
    let Some(all) = all.as_array_mut() else { return };
    let old = all.iter().position(|one| text(one, "/type") == condition.kind);
    let mut new = Map::new();
    if let Some(index) = old {
        new.clone_from(all[index].as_object().unwrap_or(&Map::new()));
    }
    let same_status = new.get("status").and_then(Value::as_str) == Some(condition.status);
    let same = same_status && new.get("reason").and_then(Value::as_str).unwrap_or_default() == condition.reason;
    new.insert("type".into(), json!(condition.kind));
    new.insert("status".into(), json!(condition.status));
    for (key, value) in [("reason", condition.reason), ("message", condition.message)] {
        if value.is_empty() {
            new.remove(key);
        } else {
            new.insert(key.into(), json!(value));
        }
    }
    for stamp in stamps {
        let keep = if *stamp == "lastTransitionTime" { same_status } else { same };
        if !keep || !new.contains_key(*stamp) {
            new.insert((*stamp).into(), json!(now));
        }
    }
    match old {
        Some(index) => all[index] = Value::Object(new),
        None => all.push(Value::Object(new)),
    }
}

/// Set a condition of a pod, which names the time of a probe that there is not.
pub fn set_pod_condition(pod: &mut Value, condition: &Condition<'_>, now: &str) {
    set_condition(pod, condition, now, &["lastTransitionTime"]);
    let all = pod.pointer_mut("/status/conditions").and_then(Value::as_array_mut).into_iter().flatten();
    all.for_each(|one| one["lastProbeTime"] = Value::Null);
}

/// Whether the labels of an object are what a selector asks for. An empty selector selects everything, none selects nothing.
pub fn selects(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector.filter(|one| !one.is_null()) else { return false };
    let value = |key: &str| labels.and_then(|all| all.get(key)).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let equal = wanted.is_none_or(|all| all.iter().all(|(key, wanted)| value(key) == wanted.as_str()));
    equal && list(selector, "/matchExpressions").iter().all(|one| expression_holds(one, &value))
}

/// Whether labels hold every pair of a plain map, as a Service selects. An empty map selects nothing here.
pub fn selects_plainly(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector.and_then(Value::as_object).filter(|one| !one.is_empty()) else { return false };
    selector.iter().all(|(key, wanted)| labels.and_then(|all| all.get(key)) == Some(wanted))
}

fn expression_holds<'a>(expression: &Value, value: &impl Fn(&str) -> Option<&'a str>) -> bool {
    let found = value(text(expression, "/key"));
    let among = |found: &str| list(expression, "/values").iter().any(|one| one.as_str() == Some(found));
    match text(expression, "/operator") {
        "In" => found.is_some_and(among),
        "NotIn" => found.is_none_or(|found| !among(found)),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" | "Lt" => {
            let left = found.and_then(|one| one.parse::<i64>().ok());
            let right = list(expression, "/values").first().and_then(Value::as_str).and_then(|one| one.parse().ok());
            match (left, right) {
                (Some(left), Some(right)) if text(expression, "/operator") == "Gt" => left > right,
                (Some(left), Some(right)) => left < right,
                _ => false,
            }
        }
        _ => false,
    }
}

/// Characters of names that Kubernetes makes: none that could form a word.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Letters for a name from any bytes.
pub fn letters(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// A number from a text: FNV-1a over 64 bits.
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The hash of a pod's template as it stands in names of replica sets.
pub fn template_hash(template: &Value) -> String {
    let number = hash(&template.to_string()) % 10_000_000_000;
    letters(number.to_string().as_bytes(), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_select_by_labels_and_expressions() {
        let labels = json!({"app": "a", "tier": "2"});
        let holds = |selector: Value| selects(Some(&selector), Some(&labels));
        assert!(holds(json!({})));
        assert!(holds(json!({"matchLabels": {"app": "a"}})));
        assert!(!holds(json!({"matchLabels": {"app": "b"}})));
        assert!(holds(json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]})));
        assert!(holds(json!({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["a"]}]})));
        assert!(holds(json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]})));
        assert!(holds(json!({"matchExpressions": [{"key": "tier", "operator": "Gt", "values": ["1"]}]})));
        assert!(!selects(None, Some(&labels)));
        assert!(!selects_plainly(Some(&json!({})), Some(&labels)));
    }

    #[test]
    fn a_condition_keeps_its_time_until_its_status_changes() {
        let mut object = json!({});
        let ready = |status| Condition { kind: "Ready", status, reason: "", message: "" };
        set_condition(&mut object, &ready("False"), "1", &["lastTransitionTime"]);
        set_condition(&mut object, &ready("False"), "2", &["lastTransitionTime"]);
        assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], "1");
        set_condition(&mut object, &ready("True"), "3", &["lastTransitionTime"]);
        assert_eq!(
            object["status"]["conditions"],
            json!([{"type": "Ready", "status": "True", "lastTransitionTime": "3"}])
        );
    }
}

//! What all objects have: names, versions, marks of deletion.

use serde_json::{Map, Value, json};

/// The text at a JSON pointer, or an empty one.
#[must_use]
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The name.
#[must_use]
pub fn name(value: &Value) -> &str {
    text(value, "/metadata/name")
}

/// The namespace, of an object that lives in one.
#[must_use]
pub fn namespace(value: &Value) -> Option<&str> {
    Some(text(value, "/metadata/namespace")).filter(|namespace| !namespace.is_empty())
}

/// Whether it is to be deleted.
#[must_use]
pub fn is_terminating(value: &Value) -> bool {
    value["metadata"]["deletionTimestamp"].is_string()
}

/// The group of a version: `apps` of `apps/v1`, nothing of `v1`.
#[must_use]
pub fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The metadata for changes; made when there are none.
pub fn metadata_mut(value: &mut Value) -> &mut Map<String, Value> {
    map_mut(map_mut(value).entry("metadata").or_insert_with(|| json!({})))
}

/// The value as a map; made one when it is none.
pub fn map_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made a map just above"),
    }
}

/// The present time, as objects carry it.
#[must_use]
pub fn now() -> String {
    at(jiff::Timestamp::now())
}

/// A time, as objects carry it.
#[must_use]
pub fn at(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Merge a patch into a value (RFC 7386): maps by key, null removes, everything else replaces.
pub fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    let map = map_mut(value);
    for (key, change) in patch {
        match change {
            Value::Null => drop(map.remove(key)),
            change => merge(map.entry(key.clone()).or_insert(Value::Null), change),
        }
    }
}

/// Take over from `before` what a write cannot change.
pub(super) fn keep_identity(value: &mut Value, before: &Value) {
    let metadata = metadata_mut(value);
    for key in [
        "uid",
        "creationTimestamp",
        "resourceVersion",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        match before["metadata"].get(key) {
            Some(present) => drop(metadata.insert(key.to_owned(), present.clone())),
            None => drop(metadata.remove(key)),
        }
    }
}

/// Whether more than status and metadata differ.
pub(super) fn wants_another(value: &Value, before: &Value) -> bool {
    let (Value::Object(value), Value::Object(before)) = (value, before) else { return false };
    let counts = |key: &String| !matches!(key.as_str(), "metadata" | "status" | "apiVersion");
    value.iter().filter(|(key, _)| counts(key)).any(|(key, part)| before.get(key) != Some(part))
        || before.keys().filter(|key| counts(key)).any(|key| !value.contains_key(key))
}

/// The namespace of a subject of a binding.
pub(super) fn namespace_of_subject(subject: &Value) -> Option<&str> {
    Some(text(subject, "/namespace")).filter(|namespace| !namespace.is_empty())
}

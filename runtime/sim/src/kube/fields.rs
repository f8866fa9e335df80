//! Sets of fields of objects, as managers own them, and their form in `managedFields`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{schema::Schema, types::Sharing};

/// A step of a path into an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A field, or a key of a map.
    Field(String),
    /// The item of a list with these keys, as JSON.
    Item(String),
    /// The item of a list of plain values, as JSON.
    Value(String),
}

/// A path into an object.
pub(super) type Path = Vec<Step>;

/// A set of fields.
pub(super) type Set = BTreeSet<Path>;

/// Every field of an object that can be owned, with what it holds; of items of lists, and of maps when `with_maps`, also that they are there.
pub(super) fn leaves<'v>(value: &'v Value, schema: Schema<'_>, with_maps: bool) -> BTreeMap<Path, Option<&'v Value>> {
    let mut found = BTreeMap::new();
    let Value::Object(fields) = value else { return found };
    for (name, part) in fields {
        if matches!(name.as_str(), "apiVersion" | "kind") || name == "status" && part == &serde_json::json!({}) {
            continue;
        }
        let mut path = vec![Step::Field(name.clone())];
        if name != "metadata" {
            collect(part, schema.field(name), with_maps, &mut path, &mut found);
            continue;
        }
        for (name, part) in part.as_object().into_iter().flatten() {
            if !is_bookkeeping(name) {
                path.push(Step::Field(name.clone()));
                collect(part, schema.field("metadata").field(name), with_maps, &mut path, &mut found);
                path.pop();
            }
        }
    }
    found
}

/// What of the metadata nobody owns.
fn is_bookkeeping(name: &str) -> bool {
    matches!(
        name,
        "name"
            | "namespace"
            | "creationTimestamp"
            | "selfLink"
            | "uid"
            | "generation"
            | "managedFields"
            | "resourceVersion"
            | "deletionTimestamp"
            | "deletionGracePeriodSeconds"
    )
}

fn collect<'v>(
    value: &'v Value,
    schema: Schema<'_>,
    with_maps: bool,
    path: &mut Path,
    found: &mut BTreeMap<Path, Option<&'v Value>>,
) {
    match value {
        Value::Object(fields) if !fields.is_empty() && !schema.is_atomic() => {
            if with_maps && schema.is_free_map() {
                found.insert(path.clone(), None);
            }
            for (name, part) in fields {
                path.push(Step::Field(name.clone()));
                collect(part, schema.field(name), with_maps, path, found);
                path.pop();
            }
        }
        Value::Array(items) if schema.sharing() != Sharing::Atomic => {
            if with_maps {
                found.insert(path.clone(), None);
            }
            for item in items {
                let Some(step) = step_of(item, schema) else { continue };
                let plain = matches!(step, Step::Value(_));
                path.push(step);
                found.insert(path.clone(), None);
                if !plain {
                    collect(item, schema.item(), with_maps, path, found);
                }
                path.pop();
            }
        }
        // Templates have this field without a value.
        Value::Null if path.last() == Some(&Step::Field("creationTimestamp".to_owned())) => {}
        value => drop(found.insert(path.clone(), Some(value))),
    }
}

/// What tells an item of a shared list apart.
pub(super) fn step_of(item: &Value, list: Schema<'_>) -> Option<Step> {
    match list.sharing() {
        Sharing::Atomic => None,
        Sharing::Set => Some(Step::Value(item.to_string())),
        Sharing::Keys(keys) => {
            let mut of = Map::new();
            for key in keys {
                let value = item.get(&key).cloned().or_else(|| list.item().key_default(&key));
                if let Some(value) = value {
                    of.insert(key, value);
                }
            }
            Some(Step::Item(Value::Object(of).to_string()))
        }
    }
}

/// As `fieldsV1`.
pub(super) fn to_json(set: &Set) -> Value {
    let mut root = json!({});
    for path in set {
        let mut place = &mut root;
        for step in path {
            let key = match step {
                Step::Field(name) => format!("f:{name}"),
                Step::Item(keys) => format!("k:{keys}"),
                Step::Value(value) => format!("v:{value}"),
            };
            place = super::object::map_mut(place).entry(key).or_insert_with(|| json!({}));
        }
    }
    mark(&mut root, set, &mut Vec::new());
    root
}

/// Put a dot where something is owned that has something owned in it.
fn mark(place: &mut Value, set: &Set, path: &mut Path) {
    let Value::Object(map) = place else { return };
    if map.is_empty() {
        return;
    }
    for (key, part) in map.iter_mut() {
        path.extend(step(key));
        mark(part, set, path);
        path.pop();
    }
    let is_item = matches!(path.last(), Some(Step::Item(_) | Step::Value(_)));
    if set.contains(path) && (is_item || !path.is_empty()) {
        map.insert(".".to_owned(), json!({}));
    }
}

fn step(key: &str) -> Option<Step> {
    let (kind, rest) = key.split_once(':')?;
    match kind {
        "f" => Some(Step::Field(rest.to_owned())),
        "k" => Some(Step::Item(canonical(rest))),
        "v" => Some(Step::Value(canonical(rest))),
        _ => None,
    }
}

fn canonical(json: &str) -> String {
    serde_json::from_str::<Value>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

/// From `fieldsV1`.
pub(super) fn from_json(fields: &Value) -> Set {
    let mut set = Set::new();
    read(fields, &mut Vec::new(), &mut set);
    set
}

fn read(fields: &Value, path: &mut Path, set: &mut Set) {
    let Value::Object(map) = fields else { return };
    if map.is_empty() && !path.is_empty() {
        set.insert(path.clone());
    }
    for (key, part) in map {
        if key == "." {
            set.insert(path.clone());
        } else if let Some(step) = step(key) {
            path.push(step);
            read(part, path, set);
            path.pop();
        }
    }
}

/// As messages write a path: `.spec.ports[port=80,protocol="TCP"].name`.
pub(super) fn text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(name) => text.push_str(&format!(".{name}")),
            Step::Value(value) => text.push_str(&format!("[={value}]")),
            Step::Item(keys) => {
                let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let all: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                text.push_str(&format!("[{}]", all.join(",")));
            }
        }
    }
    text
}

/// Take these fields out of an object.
pub(super) fn remove(value: &mut Value, schema: Schema<'_>, gone: &Set) {
    for path in gone {
        // What is in an item goes with it; without its keys it could not be found any more.
        if !(1..path.len()).any(|length| gone.contains(&path[..length])) {
            remove_one(value, schema, path);
        }
    }
}

fn remove_one(value: &mut Value, schema: Schema<'_>, path: &[Step]) {
    let Some((first, rest)) = path.split_first() else { return };
    match (value, first) {
        (Value::Object(map), Step::Field(name)) => {
            if rest.is_empty() {
                map.remove(name);
                return;
            }
            let Some(part) = map.get_mut(name) else { return };
            remove_one(part, schema.field(name), rest);
            // A map or list that has become empty goes with the last that was in it.
            let is_empty = match part {
                Value::Object(map) => map.is_empty(),
                Value::Array(list) => list.is_empty(),
                _ => false,
            };
            if is_empty {
                map.remove(name);
            }
        }
        (Value::Array(items), step) => {
            let Some(at) = items.iter().position(|item| step_of(item, schema).as_ref() == Some(step)) else { return };
            if rest.is_empty() {
                items.remove(at);
            } else {
                remove_one(&mut items[at], schema.item(), rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::types;

    #[test]
    fn fields_have_the_form_of_managed_fields() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a", "labels": { "x": "y" } },
            "spec": { "selector": { "a": "b" }, "ports": [{ "port": 80, "name": "http" }] },
        });
        let schema = Schema::Type(types::root("v1", "Service").unwrap());
        let set: Set = leaves(&service, schema, false).into_keys().collect();
        let json = to_json(&set);
        let port = json!({ "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:name": {}, "f:port": {} } });
        assert_eq!(
            json,
            json!({ "f:metadata": { "f:labels": { "f:x": {} } }, "f:spec": { "f:ports": port, "f:selector": {} } })
        );
        assert_eq!(from_json(&json), set);
        let texts: Vec<String> = set.iter().map(|path| text(path)).collect();
        assert!(texts.contains(&".spec.ports[port=80,protocol=\"TCP\"].name".to_owned()), "{texts:?}");
    }
}

//! Who owns which fields of an object: what an update takes over, what an apply takes over, and where appliers are in conflict.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    fields::{self, Set, leaves, step_of},
    object,
    schema::Schema,
    status::{Cause, Status},
    store::Store,
    types::{self, Sharing},
};

/// One who owns fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) operation: &'static str,
    pub(super) api_version: String,
    pub(super) subresource: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    manager: Manager,
    set: Set,
    time: Value,
}

fn entries(value: &Value) -> Vec<Entry> {
    let all = value["metadata"]["managedFields"].as_array().into_iter().flatten();
    all.map(|entry| Entry {
        manager: Manager {
            name: object::text(entry, "/manager").to_owned(),
            operation: if entry["operation"] == "Apply" { "Apply" } else { "Update" },
            api_version: object::text(entry, "/apiVersion").to_owned(),
            subresource: object::text(entry, "/subresource").to_owned(),
        },
        set: fields::from_json(&entry["fieldsV1"]),
        time: entry["time"].clone(),
    })
    .collect()
}

fn write(value: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.set.is_empty());
    // Appliers first, then in the order of time.
    entries.sort_by(|one, other| {
        let key =
            |entry: &Entry| (entry.manager.operation == "Update", entry.time.to_string(), entry.manager.name.clone());
        key(one).cmp(&key(other))
    });
    let all: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut json = json!({
                "manager": entry.manager.name, "operation": entry.manager.operation, "apiVersion": entry.manager.api_version,
                "time": entry.time, "fieldsType": "FieldsV1", "fieldsV1": fields::to_json(&entry.set),
            });
            if !entry.manager.subresource.is_empty() {
                json["subresource"] = entry.manager.subresource.as_str().into();
            }
            json
        })
        .collect();
    let metadata = object::metadata_mut(value);
    if all.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".to_owned(), Value::Array(all));
    }
}

/// What an update has changed becomes its manager's; what it has taken away is nobody's.
pub(super) fn updated(after: &mut Value, before: Option<&Value>, schema: Schema<'_>, manager: &Manager) {
    let none = json!({});
    let before = before.unwrap_or(&none);
    let (old, new) = (leaves(before, schema, true), leaves(after, schema, true));
    let changed: Set =
        new.iter().filter(|(path, value)| old.get(*path) != Some(value)).map(|(path, _)| path.clone()).collect();
    let gone: Set = old.keys().filter(|path| !new.contains_key(*path)).cloned().collect();
    // Whoever sends an empty list has managers forgotten.
    let reset = after["metadata"]["managedFields"].as_array().is_some_and(Vec::is_empty);
    let mut all = if reset { Vec::new() } else { entries(before) };
    for entry in &mut all {
        entry.set.retain(|path| !gone.contains(path) && (entry.manager == *manager || !changed.contains(path)));
    }
    if !changed.is_empty() && !reset {
        match all.iter_mut().find(|entry| entry.manager == *manager) {
            Some(entry) => {
                entry.set.extend(changed);
                entry.time = object::now().into();
            }
            None => all.push(Entry { manager: manager.clone(), set: changed, time: object::now().into() }),
        }
    }
    write(after, all);
}

/// Change an object of one of Kubernetes' own kinds as a program does that is known by a name: what it changes is its own from then on.
///
/// # Errors
/// When it does not exist.
pub(crate) fn update_as(
    store: &Store,
    program: &str,
    (api_version, kind): (&str, &str),
    object: &Value,
    change: impl FnOnce(&mut Value),
) -> Result<bool, Status> {
    store.modify((api_version, kind), object::namespace(object), object::name(object), |one| {
        let before = one.clone();
        change(one);
        let manager = Manager {
            name: program.to_owned(),
            operation: "Update",
            api_version: api_version.to_owned(),
            subresource: String::new(),
        };
        if let Some(root) = types::root(api_version, kind).filter(|_| *one != before) {
            updated(one, Some(&before), Schema::Type(root), &manager);
        }
    })
}

/// Merge what somebody applies into the object that is there; `live` is null when there is none.
///
/// # Errors
/// When others own fields that would change, unless `force`.
pub(super) fn apply(
    live: &Value,
    applied: &Value,
    schema: Schema<'_>,
    manager: &Manager,
    force: bool,
) -> Result<Value, Status> {
    let mut merged = live.clone();
    merge(&mut merged, applied, schema);
    let config = leaves(applied, schema, false);
    let (old, new) = (leaves(live, schema, false), leaves(&merged, schema, false));
    let mut all = entries(live);
    let mut conflicts: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for entry in all.iter_mut().filter(|entry| entry.manager != *manager) {
        let changes: Set = config
            .keys()
            .filter(|path| entry.set.contains(*path) && old.get(*path) != new.get(*path))
            .cloned()
            .collect();
        for path in &changes {
            conflicts
                .entry((entry.manager.name.clone(), described(&entry.manager, &entry.time)))
                .or_default()
                .push(fields::text(path));
        }
        entry.set.retain(|path| !changes.contains(path));
    }
    if !force && !conflicts.is_empty() {
        return Err(conflict(&conflicts));
    }
    let set: Set = config.into_keys().collect();
    let present = all.iter().position(|entry| entry.manager == *manager);
    let lost: Set = present.map(|at| all[at].set.difference(&set).cloned().collect()).unwrap_or_default();
    let still_owned = |path: &fields::Path| {
        all.iter().any(|entry| entry.manager != *manager && entry.set.iter().any(|other| other.starts_with(path)))
            || set.iter().any(|other| other.starts_with(path))
    };
    let gone: Set = lost.into_iter().filter(|path| !still_owned(path)).collect();
    fields::remove(&mut merged, schema, &gone);
    match present {
        Some(at) if all[at].set == set => {}
        Some(at) => {
            all[at].set = set;
            all[at].time = object::now().into();
        }
        None => all.push(Entry { manager: manager.clone(), set, time: object::now().into() }),
    }
    write(&mut merged, all);
    Ok(merged)
}

fn described(manager: &Manager, time: &Value) -> String {
    let mut text = format!("\"{}\"", manager.name);
    if !manager.subresource.is_empty() {
        text.push_str(&format!(" with subresource \"{}\"", manager.subresource));
    }
    if manager.operation == "Update" {
        text.push_str(&format!(" using {}", manager.api_version));
        if let Some(time) = time.as_str() {
            text.push_str(&format!(" at {time}"));
        }
    }
    text
}

fn conflict(all: &BTreeMap<(String, String), Vec<String>>) -> Status {
    let mut causes = Vec::new();
    for ((_, described), paths) in all {
        for path in paths {
            causes.push(Cause {
                reason: "FieldManagerConflict",
                message: format!("conflict with {described}"),
                field: path.clone(),
            });
        }
    }
    let count = causes.len();
    let one = |(_, described): &(String, String), paths: &[String]| match paths {
        [path] => format!("conflict with {described}: {path}"),
        paths => format!("conflicts with {described}:\n- {}", paths.join("\n- ")),
    };
    let texts: Vec<String> = all.iter().map(|(key, paths)| one(key, paths)).collect();
    let plural = if count == 1 { "conflict" } else { "conflicts" };
    let mut status = Status::new(409, "Conflict", format!("Apply failed with {count} {plural}: {}", texts.join("\n")));
    status.set_causes(&causes);
    status
}

/// Whether several appliers may own parts of a value.
fn is_shared(present: &Value, schema: Schema<'_>) -> bool {
    match present {
        Value::Object(_) => !schema.is_atomic(),
        Value::Array(_) => schema.sharing() != Sharing::Atomic,
        _ => false,
    }
}

/// Merge what is applied into a value: maps by key, shared lists by item, everything else replaced.
fn merge(value: &mut Value, applied: &Value, schema: Schema<'_>) {
    match applied {
        Value::Object(applied) if value.is_object() && !schema.is_atomic() => {
            let map = object::map_mut(value);
            for (key, part) in applied {
                match part {
                    // Nothing is no value; of a map or list that several share it is no part, either.
                    Value::Null if map.get(key).is_some_and(|present| is_shared(present, schema.field(key))) => {}
                    Value::Null => drop(map.remove(key)),
                    part => match map.get_mut(key) {
                        Some(present) => merge(present, part, schema.field(key)),
                        None => drop(map.insert(key.clone(), part.clone())),
                    },
                }
            }
        }
        Value::Array(applied) if value.is_array() && schema.sharing() != Sharing::Atomic => {
            let Value::Array(items) = value else { return };
            for item in applied {
                let step = step_of(item, schema);
                match items.iter_mut().find(|present| step_of(present, schema) == step) {
                    Some(present) => merge(present, item, schema.item()),
                    None => items.push(item.clone()),
                }
            }
        }
        applied => *value = applied.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::types;

    fn manager(name: &str, operation: &'static str) -> Manager {
        Manager { name: name.to_owned(), operation, api_version: "v1".to_owned(), subresource: String::new() }
    }

    #[test]
    fn appliers_share_an_object() {
        let schema = Schema::Type(types::root("v1", "ConfigMap").unwrap());
        let map =
            |data: Value| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": data });
        let mut live = map(json!({ "a": "1" }));
        updated(&mut live, None, schema, &manager("kubectl-create", "Update"));
        let refused = apply(&live, &map(json!({ "a": "2" })), schema, &manager("x", "Apply"), false).unwrap_err();
        assert!(
            refused.message.starts_with("Apply failed with 1 conflict: conflict with \"kubectl-create\" using v1 at "),
            "{refused}"
        );
        let both = apply(&live, &map(json!({ "a": "1", "b": "2" })), schema, &manager("x", "Apply"), false).unwrap();
        assert_eq!(both["data"], json!({ "a": "1", "b": "2" }));
        let fewer = apply(&both, &map(json!({})), schema, &manager("x", "Apply"), false).unwrap();
        assert_eq!(fewer["data"], json!({ "a": "1" }));
        let forced = apply(&live, &map(json!({ "a": "2" })), schema, &manager("x", "Apply"), true).unwrap();
        assert_eq!(forced["data"]["a"], "2");
        assert_eq!(apply(&forced, &map(json!({ "a": "2" })), schema, &manager("x", "Apply"), false).unwrap(), forced);
    }

    #[test]
    fn items_of_shared_lists_have_owners() {
        let schema = Schema::Type(types::root("v1", "Service").unwrap());
        let service = |ports: Value| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "spec": { "ports": ports } });
        let first = apply(
            &Value::Null,
            &service(json!([{ "port": 1, "protocol": "TCP" }])),
            schema,
            &manager("x", "Apply"),
            false,
        )
        .unwrap();
        let both = apply(&first, &service(json!([{ "port": 2 }])), schema, &manager("y", "Apply"), false).unwrap();
        assert_eq!(both["spec"]["ports"].as_array().unwrap().len(), 2);
        let without = apply(&both, &service(json!([])), schema, &manager("x", "Apply"), false).unwrap();
        assert_eq!(without["spec"]["ports"], json!([{ "port": 2 }]));
    }
}

//! Strategic merge patches: maps by key, lists by the keys of their items, with directives.

use serde_json::{Map, Value};

use super::{object, schema::Schema, types::Sharing};

/// Merge a patch into a value.
pub(super) fn merge(value: &mut Value, patch: &Value, schema: Schema<'_>) {
    match patch {
        Value::Object(patch) => merge_map(value, patch, schema),
        patch => *value = patch.clone(),
    }
}

fn merge_map(value: &mut Value, patch: &Map<String, Value>, schema: Schema<'_>) {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *value = Value::Object(without_directives(patch));
            return;
        }
        Some("delete") => {
            *value = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    let map = object::map_mut(value);
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| kept.iter().any(|one| one == key));
    }
    for (key, change) in patch {
        if let Some(name) = key.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = change.as_array().cloned().unwrap_or_default();
            if let Some(Value::Array(items)) = map.get_mut(name) {
                items.retain(|item| !gone.contains(item));
            }
        } else if key.starts_with('$') {
            // Looked at elsewhere.
        } else if change.is_null() {
            map.remove(key);
        } else if let Value::Array(items) = change {
            let order = patch.get(&format!("$setElementOrder/{key}")).and_then(Value::as_array);
            let place = map.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new()));
            merge_list(place, items, order, schema.field(key));
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), change, schema.field(key));
        }
    }
    // An order may be given for a list of which no item changes.
    for (key, order) in patch {
        let Some(name) = key.strip_prefix("$setElementOrder/").filter(|name| !patch.contains_key(*name)) else {
            continue;
        };
        if let (Some(Value::Array(items)), Some(order)) = (map.get_mut(name), order.as_array()) {
            sort(items, order, merge_key(schema.field(name)).as_deref());
        }
    }
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    patch.iter().filter(|(key, _)| !key.starts_with('$')).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The first key is the one that patches go by.
fn merge_key(list: Schema<'_>) -> Option<String> {
    match list.sharing() {
        Sharing::Keys(keys) => keys.into_iter().next(),
        _ => None,
    }
}

fn merge_list(value: &mut Value, patch: &[Value], order: Option<&Vec<Value>>, schema: Schema<'_>) {
    let replaces = patch.iter().any(|item| item["$patch"] == "replace");
    let plain: Vec<Value> = patch.iter().filter(|item| item["$patch"].is_null()).cloned().collect();
    let Value::Array(items) = value else {
        *value = Value::Array(plain);
        return;
    };
    match schema.sharing() {
        Sharing::Atomic => *items = plain,
        _ if replaces => *items = plain,
        Sharing::Set => items.extend(plain.into_iter().filter(|item| !items.contains(item)).collect::<Vec<_>>()),
        Sharing::Keys(_) => {
            let key = merge_key(schema).unwrap_or_default();
            for change in patch {
                let at = items.iter().position(|item| item[&key] == change[&key]);
                match (at, change["$patch"].as_str()) {
                    (Some(at), Some("delete")) => drop(items.remove(at)),
                    (None, Some("delete")) => {}
                    (Some(at), _) => merge(&mut items[at], change, schema.item()),
                    (None, _) => {
                        let mut fresh = Value::Object(Map::new());
                        merge(&mut fresh, change, schema.item());
                        items.push(fresh);
                    }
                }
            }
        }
    }
    if let Some(order) = order {
        sort(items, order, merge_key(schema).as_deref());
    }
}

fn sort(items: &mut [Value], order: &[Value], key: Option<&str>) {
    let rank = |item: &Value| {
        let same = |one: &Value| key.map_or(one == item, |key| one[key] == item[key]);
        order.iter().position(same).unwrap_or(usize::MAX)
    };
    items.sort_by_key(rank);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kube::types;

    #[test]
    fn lists_merge_by_their_keys() {
        let schema = Schema::Type(types::root("v1", "Pod").unwrap());
        let mut pod = json!({ "spec": { "containers": [{ "name": "a", "image": "x" }, { "name": "b", "image": "y" }], "tolerations": [1] } });
        let patch = json!({ "spec": {
            "$setElementOrder/containers": [{ "name": "c" }, { "name": "a" }], "tolerations": [2],
            "containers": [{ "name": "a", "env": [{ "name": "K", "value": "v" }] }, { "name": "b", "$patch": "delete" }, { "name": "c" }],
        } });
        merge(&mut pod, &patch, schema);
        let containers =
            json!([{ "name": "c" }, { "name": "a", "image": "x", "env": [{ "name": "K", "value": "v" }] }]);
        assert_eq!(pod, json!({ "spec": { "containers": containers, "tolerations": [2] } }));
    }
}

//! JSON merge patch, as charts' values and cluster facts are laid over each other.

use serde_json::{Map, Value};

/// Lay a patch over a value: maps are merged, `null` deletes, everything else replaces.
pub fn json_merge(base: &mut Value, patch: &Value) {
    let (Value::Object(base), Value::Object(patch)) = (&mut *base, patch) else {
        let mut new = patch.clone();
        if !matches!((&*base, patch), (Value::Object(_), _)) {
            prune(&mut new);
        }
        *base = new;
        return;
    };
    merge_maps(base, patch);
}

fn merge_maps(base: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match base.get_mut(key) {
            _ if value.is_null() => drop(base.remove(key)),
            Some(old) if !old.is_null() => json_merge(old, value),
            _ => {
                let mut new = value.clone();
                prune(&mut new);
                base.insert(key.clone(), new);
            }
        }
    }
}

/// Take nulls out of maps; elements of lists stay.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_merge_null_deletes_lists_replace() {
        let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": null, "e": {"f": 1}});
        json_merge(&mut base, &json!({"a": {"b": null, "c": [3, null]}, "d": {"x": null, "y": 1}, "e": [{"n": null}]}));
        assert_eq!(base, json!({"a": {"c": [3, null]}, "d": {"y": 1}, "e": [{"n": null}]}));
    }
}

//! Strategic merge: how Kubernetes lays a patch over an object when it knows which lists are merged by which key.

use serde_json::{Map, Value};

use crate::operator::schema::{Message, Type};

/// What is known of the keys of a map.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// These keys; others may be set but not merged.
    Rules(&'static [Rule]),
    /// The fields of a message: maps are merged, lists replaced.
    Message(&'static Message),
    /// These keys have rules; all others follow the default.
    Open(&'static [Rule]),
    /// Free keys with scalars: a map below one cannot be merged into another.
    Free,
}

/// The rule of one key.
#[derive(Debug)]
pub struct Rule {
    pub key: &'static str,
    pub merge: Merge,
    /// What is known of the map, or of the elements of the list, that the key holds.
    pub shape: Shape,
}

/// How two values of one key become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Maps are merged, lists replaced: the default.
    Default,
    /// The patch replaces.
    Replace,
    /// Lists of scalars are united.
    Union,
    /// Elements of the two lists are merged when they agree in this key.
    By(&'static str),
}

/// Why two trees cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("`{path}` is given twice, and there is no rule to merge the two")]
    NoRule { path: String },
    #[error("an element of `{path}` has no `{key}`, by which the list is merged")]
    NoMergeKey { path: String, key: &'static str },
    #[error("the elements of `{path}` are of different kinds, so the two lists cannot be merged")]
    MixedList { path: String },
    #[error("`{path}`: expected `$patch` to be `replace` or `delete`, found `{found}`")]
    Directive { path: String, found: String },
}

const DIRECTIVE: &str = "$patch";

/// Lay `patch` over `base`; `null` deletes. `path` names the place in errors.
///
/// # Errors
/// When both hold a map or list under a key of which nothing is known, or a list's element lacks its merge key.
pub fn strategic_merge(base: &mut Value, patch: Value, shape: Shape, path: &str) -> Result<(), MergeError> {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => merge_maps(base, patch, shape, path),
        (base, patch) => {
            *base = patch;
            Ok(())
        }
    }
}

fn merge_maps(
    base: &mut Map<String, Value>,
    mut patch: Map<String, Value>,
    shape: Shape,
    path: &str,
) -> Result<(), MergeError> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return apply_directive(base, patch, &directive, path);
    }
    for (key, new) in patch {
        let old = match base.get_mut(&key) {
            _ if new.is_null() => {
                base.remove(&key);
                continue;
            }
            Some(old) => old,
            None => {
                base.extend(without_directives(new).map(|new| (key, new)));
                continue;
            }
        };
        match (old, new) {
            (old @ Value::Object(_), new @ Value::Object(_)) => {
                let path = below(path, &key);
                let (merge, shape) = shape.rule(&key).ok_or_else(|| MergeError::NoRule { path: path.clone() })?;
                if merge == Merge::Replace {
                    *old = new;
                } else {
                    strategic_merge(old, new, shape, &path)?;
                }
            }
            (Value::Array(old), Value::Array(new)) => {
                let path = below(path, &key);
                let (merge, shape) = shape.rule(&key).ok_or_else(|| MergeError::NoRule { path: path.clone() })?;
                merge_lists(old, new, merge, shape, &path)?;
            }
            (old, new) => match without_directives(new) {
                Some(new) => *old = new,
                None => drop(base.remove(&key)),
            },
        }
    }
    Ok(())
}

fn apply_directive(
    base: &mut Map<String, Value>,
    patch: Map<String, Value>,
    directive: &Value,
    path: &str,
) -> Result<(), MergeError> {
    *base = match directive.as_str() {
        Some("replace") => patch,
        Some("delete") => Map::new(),
        _ => return Err(MergeError::Directive { path: path.to_owned(), found: directive.to_string() }),
    };
    Ok(())
}

fn merge_lists(
    base: &mut Vec<Value>,
    patch: Vec<Value>,
    merge: Merge,
    shape: Shape,
    path: &str,
) -> Result<(), MergeError> {
    match merge {
        Merge::Default | Merge::Replace => {
            *base = patch;
            Ok(())
        }
        _ if base.is_empty() && patch.is_empty() => Ok(()),
        Merge::Union => {
            if base.iter().chain(&patch).any(|item| item.is_object() || item.is_array()) {
                return Err(MergeError::MixedList { path: path.to_owned() });
            }
            let order = base.clone();
            base.retain(|item| !patch.contains(item));
            let mut united: Vec<Value> = Vec::with_capacity(patch.len());
            for item in patch {
                if !united.contains(&item) {
                    united.push(item);
                }
            }
            let kept = std::mem::take(base);
            *base = interleave(kept, united, |item| order.iter().position(|other| other == item));
            Ok(())
        }
        Merge::By(key) => merge_by(base, patch, key, shape, path),
    }
}

/// Merge lists of maps by a key. What both have stands where the patch has it, before what only the base has; unless the base
/// had it later.
fn merge_by(
    base: &mut Vec<Value>,
    patch: Vec<Value>,
    key: &'static str,
    shape: Shape,
    path: &str,
) -> Result<(), MergeError> {
    if base.iter().chain(&patch).any(|item| !item.is_object()) {
        return Err(MergeError::MixedList { path: path.to_owned() });
    }
    let no_key = || MergeError::NoMergeKey { path: path.to_owned(), key };
    let (directives, patch): (Vec<_>, Vec<_>) = patch.into_iter().partition(|item| item.get(DIRECTIVE).is_some());
    for directive in directives {
        match directive[DIRECTIVE].as_str() {
            Some("delete") => {
                let gone = directive.get(key).ok_or_else(no_key)?;
                base.retain(|item| item.get(key) != Some(gone));
            }
            Some("replace") => {
                *base = patch;
                return Ok(());
            }
            _ => {
                let found = directive[DIRECTIVE].to_string();
                return Err(MergeError::Directive { path: path.to_owned(), found });
            }
        }
    }
    if base.iter().chain(&patch).any(|item| item.get(key).is_none()) {
        return Err(no_key());
    }
    let order: Vec<Value> = base.iter().map(|item| item[key].clone()).collect();
    let mut patched: Vec<Value> = Vec::with_capacity(patch.len());
    for item in patch {
        let same = |other: &Value| other.get(key) == item.get(key);
        if let Some(earlier) = patched.iter_mut().find(|other| same(other)) {
            strategic_merge(earlier, item, shape, path)?;
        } else if let Some(at) = base.iter().position(same) {
            let mut merged = base.remove(at);
            strategic_merge(&mut merged, item, shape, path)?;
            patched.push(merged);
        } else {
            patched.push(item);
        }
    }
    let kept = std::mem::take(base);
    *base = interleave(kept, patched, |item| order.iter().position(|other| Some(other) == item.get(key)));
    Ok(())
}

/// Two lists as one: an element of the base comes first where it stood before the patch's next element, else after.
fn interleave(base: Vec<Value>, patch: Vec<Value>, place: impl Fn(&Value) -> Option<usize>) -> Vec<Value> {
    let mut out = Vec::with_capacity(base.len() + patch.len());
    let (mut base, mut patch) = (base.into_iter().peekable(), patch.into_iter().peekable());
    while let (Some(old), Some(new)) = (base.peek(), patch.peek()) {
        let before = matches!((place(old), place(new)), (Some(old), Some(new)) if old < new);
        out.extend(if before { base.next() } else { patch.next() });
    }
    out.extend(patch);
    out.extend(base);
    out
}

/// A new value without nulls in its maps; nothing when it only says how to patch.
fn without_directives(value: Value) -> Option<Value> {
    Some(match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => return None,
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.filter_map(|(key, value)| Some((key, without_directives(value)?))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().filter_map(without_directives).collect()),
        scalar => scalar,
    })
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Shape {
    /// The rule of a key that holds a map or a list on both sides.
    fn rule(self, key: &str) -> Option<(Merge, Shape)> {
        let listed =
            |rules: &'static [Rule]| rules.iter().find(|rule| rule.key == key).map(|rule| (rule.merge, rule.shape));
        match self {
            Self::Rules(rules) => listed(rules),
            Self::Open(rules) => Some(listed(rules).unwrap_or((Merge::Default, Self::Open(&[])))),
            Self::Message(message) => {
                let field = message.fields.iter().find(|field| field.name == key)?;
                Some((Merge::Default, of_type(field.holds)))
            }
            Self::Free => None,
        }
    }
}

fn of_type(holds: Type) -> Shape {
    match holds {
        Type::Message(message) => Shape::Message(message),
        Type::List(inner) | Type::Optional(inner) => of_type(*inner),
        _ => Shape::Free,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CONTAINER: Shape = Shape::Open(&[Rule { key: "env", merge: Merge::By("name"), shape: Shape::Open(&[]) }]);
    const OBJECT: Shape = Shape::Rules(&[
        Rule { key: "containers", merge: Merge::By("name"), shape: CONTAINER },
        Rule { key: "aliases", merge: Merge::Union, shape: Shape::Free },
        Rule { key: "whole", merge: Merge::Replace, shape: Shape::Free },
        Rule { key: "labels", merge: Merge::Default, shape: Shape::Free },
    ]);

    fn merged(mut base: Value, patch: Value) -> Result<Value, String> {
        strategic_merge(&mut base, patch, OBJECT, "").map_err(|error| error.to_string())?;
        Ok(base)
    }

    #[test]
    fn lists_are_merged_by_their_key_with_the_patch_in_front() {
        let base = json!({"containers": [
            {"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}, {"name": "b"}]});
        let patch = json!({"containers": [
            {"name": "new"}, {"name": "b", "image": "i"}, {"name": "a", "env": [{"name": "Y", "value": "3"}, {"name": "Z"}]}]});
        assert_eq!(
            merged(base, patch),
            Ok(json!({"containers": [{"name": "new"}, {"name": "b", "image": "i"},
                {"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "3"}, {"name": "Z"}]}]}))
        );
    }

    #[test]
    fn lists_of_texts_are_united() {
        assert_eq!(
            merged(json!({"aliases": ["one", "three"]}), json!({"aliases": ["two", "one"]})),
            Ok(json!({"aliases": ["two", "one", "three"]}))
        );
    }

    #[test]
    fn null_deletes_and_never_remains() {
        assert_eq!(
            merged(
                json!({"labels": {"a": "1", "b": "2"}}),
                json!({"labels": {"a": null, "c": null}, "n": {"x": null}})
            ),
            Ok(json!({"labels": {"b": "2"}, "n": {}}))
        );
    }

    #[test]
    fn what_has_no_rule_is_refused() {
        assert_eq!(
            merged(json!({"labels": {"a": {}}}), json!({"labels": {"a": {}}})),
            Err("`labels.a` is given twice, and there is no rule to merge the two".into())
        );
        assert_eq!(
            merged(json!({"containers": []}), json!({"containers": [{"image": "x"}]})),
            Err("an element of `containers` has no `name`, by which the list is merged".into())
        );
        assert_eq!(merged(json!({"whole": {"a": 1}}), json!({"whole": {"b": 2}})), Ok(json!({"whole": {"b": 2}})));
    }
}

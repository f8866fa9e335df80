//! Writing a value at a path of a tree, with the rules (and oddities) of `istioctl`'s tree writer.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use crate::operator::{
    number::{printed, printed_from_yaml},
    path::{Path, index, key_value, pattern},
};

/// How a map came into the tree; `istioctl` writes the two kinds differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// From JSON: a scalar written to a list is appended; a text that is itself a YAML map replaces the key by its own.
    Json,
    /// From YAML, in the objects that overlays patch: what is written replaces.
    Yaml,
}

/// A tree that remembers where its maps came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Map(Keys, BTreeMap<String, Node>),
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("path `{path}`: expected `[key:value]`, found `{step}`")]
    NotKeyValue { path: String, step: String },
    #[error("path `{path}`: expected a step in brackets at a list, found `{step}`")]
    NotInBrackets { path: String, step: String },
    #[error("path `{path}`: no element {step} in the list{}", elements(.known))]
    NoElement { path: String, step: String, known: Vec<String> },
    #[error("path `{path}`: index {step} is beyond the end of the list of {length}")]
    BeyondEnd { path: String, step: String, length: usize },
    #[error("path `{path}`: `{step}` stands below a scalar")]
    BelowScalar { path: String, step: String },
    #[error("path `{path}`: a list inside a list cannot be written to")]
    ListInList { path: String },
    #[error("path `{path}`: the whole tree cannot be deleted")]
    WholeTree { path: String },
}

fn elements(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has {}", known.join(", ")) }
}

impl Node {
    /// A tree from a value, all its maps of one kind.
    pub fn new(value: Value, keys: Keys) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(|item| Self::new(item, keys)).collect()),
            Value::Object(map) => {
                Self::Map(keys, map.into_iter().map(|(key, value)| (key, Self::new(value, keys))).collect())
            }
            scalar => Self::Scalar(scalar),
        }
    }

    /// The value of a tree.
    pub fn into_value(self) -> Value {
        match self {
            Self::Scalar(value) => value,
            Self::List(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Map(_, map) => {
                Value::Object(map.into_iter().map(|(key, node)| (key, node.into_value())).collect::<Map<_, _>>())
            }
        }
    }

    fn empty(keys: Keys) -> Self {
        Self::Map(keys, BTreeMap::new())
    }
}

/// Write a value at a path, making what is missing on the way; without a value, delete what is there.
///
/// # Errors
/// When the path meets a list element that is not there, or goes on below a scalar.
pub fn write(root: &mut Node, path: &Path, value: Option<Value>) -> Result<(), PathError> {
    match (path.0.as_slice(), value) {
        ([], None) => Err(PathError::WholeTree { path: String::new() }),
        ([], Some(_)) => Ok(()),
        (steps, value) => Writer { path, value }.descend(root, steps, false),
    }
}

struct Writer<'p> {
    path: &'p Path,
    value: Option<Value>,
}

impl Writer<'_> {
    fn descend(&mut self, node: &mut Node, steps: &[String], in_list: bool) -> Result<(), PathError> {
        let [step, rest @ ..] = steps else { return Ok(()) };
        if matches!(node, Node::Scalar(Value::Null)) {
            if index(step).is_some() {
                return Err(PathError::ListInList { path: self.path.to_string() });
            }
            *node = if key_value(step).is_some() { Node::List(Vec::new()) } else { Node::empty(Keys::Json) };
        }
        match node {
            Node::Scalar(_) => Err(PathError::BelowScalar { path: self.path.to_string(), step: step.clone() }),
            Node::List(_) if in_list => Err(PathError::ListInList { path: self.path.to_string() }),
            Node::List(items) => self.list(items, step, rest),
            Node::Map(keys, map) => self.map(*keys, map, step, rest),
        }
    }

    fn list(&mut self, items: &mut Vec<Node>, step: &str, rest: &[String]) -> Result<(), PathError> {
        let at = match index(step) {
            Some(wanted) => usize::try_from(wanted).map_or(items.len(), |at| at.min(items.len())),
            None => self.select(items, step)?,
        };
        if at == items.len() {
            if rest.is_empty() && self.value.is_none() {
                let (path, step) = (self.path.to_string(), step.to_owned());
                return Err(PathError::BeyondEnd { path, step, length: items.len() });
            }
            items.push(Node::empty(Keys::Json));
        }
        if !rest.is_empty() {
            return self.descend(&mut items[at], rest, true);
        }
        match self.value.take() {
            Some(value) => items[at] = Node::new(as_map(&value).map_or(value, Value::Object), Keys::Json),
            None => drop(items.remove(at)),
        }
        Ok(())
    }

    /// The place of the element that a step other than an index selects.
    fn select(&self, items: &[Node], step: &str) -> Result<usize, PathError> {
        let path = || self.path.to_string();
        for (at, item) in items.iter().enumerate() {
            match item {
                Node::Map(keys, map) => {
                    let (key, value) = key_value(step)
                        .ok_or_else(|| PathError::NotKeyValue { path: path(), step: step.to_owned() })?;
                    if text(map.get(key), *keys) == value {
                        return Ok(at);
                    }
                }
                other => {
                    let wanted = pattern(step)
                        .ok_or_else(|| PathError::NotInBrackets { path: path(), step: step.to_owned() })?;
                    // A pattern that is no regular expression matches nothing.
                    if Regex::new(wanted).is_ok_and(|regex| regex.is_match(&text(Some(other), Keys::Yaml))) {
                        return Ok(at);
                    }
                }
            }
        }
        let known = items.iter().filter_map(|item| known(item, step)).collect();
        Err(PathError::NoElement { path: path(), step: step.to_owned(), known })
    }

    fn map(
        &mut self,
        keys: Keys,
        map: &mut BTreeMap<String, Node>,
        step: &str,
        rest: &[String],
    ) -> Result<(), PathError> {
        let Some(next) = rest.first() else {
            match self.value.take() {
                Some(value) => put(keys, map, step, value),
                None => drop(map.remove(step)),
            }
            return Ok(());
        };
        let child = map.entry(step.to_owned()).or_insert_with(|| match keys {
            Keys::Json if index(next).is_some() => Node::List(Vec::new()),
            keys => Node::empty(keys),
        });
        self.descend(child, rest, false)
    }
}

/// Write a value under a key.
fn put(keys: Keys, map: &mut BTreeMap<String, Node>, key: &str, value: Value) {
    match (keys, as_map(&value), map.get_mut(key)) {
        (Keys::Yaml, Some(inner), _) => {
            map.insert(key.to_owned(), Node::new(Value::Object(inner), Keys::Json));
        }
        (Keys::Json, Some(inner), _) => {
            map.remove(key);
            map.extend(
                inner
                    .into_iter()
                    .min_by(|one, other| one.0.cmp(&other.0))
                    .map(|(key, value)| (key, Node::new(value, Keys::Json))),
            );
        }
        (Keys::Json, None, Some(Node::List(items))) => items.push(Node::new(value, Keys::Json)),
        _ => {
            map.insert(key.to_owned(), Node::new(value, Keys::Json));
        }
    }
}

/// The map that a text is when it is read as YAML; JSON stays a text.
fn as_map(value: &Value) -> Option<Map<String, Value>> {
    let text = value.as_str()?;
    let (one_line, several_lines) = (text.contains(": "), text.contains('\n') && text.contains(':'));
    if !(several_lines || one_line && !text.contains('\n')) {
        return None;
    }
    if serde_json::from_str::<Map<String, Value>>(text).is_ok() {
        return None;
    }
    match meshrun_yaml::parse(text) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

/// A node as text, for comparing.
fn text(node: Option<&Node>, keys: Keys) -> String {
    match (node, keys) {
        (None, _) => printed(&Value::Null),
        (Some(node), Keys::Json) => printed(&node.clone().into_value()),
        (Some(node), Keys::Yaml) => printed_from_yaml(&node.clone().into_value()),
    }
}

/// What a list has in place of what was looked for.
fn known(item: &Node, step: &str) -> Option<String> {
    match item {
        Node::Map(keys, map) => {
            let (key, _) = key_value(step)?;
            map.contains_key(key).then(|| format!("`[{key}:{}]`", text(map.get(key), *keys)))
        }
        other => Some(format!("`{}`", text(Some(other), Keys::Yaml))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(keys: Keys, tree: Value, path: &str, value: Option<Value>) -> Result<Value, String> {
        let mut node = Node::new(tree, keys);
        write(&mut node, &Path::parse(path), value).map_err(|error| error.to_string())?;
        Ok(node.into_value())
    }

    #[test]
    fn missing_maps_and_lists_are_made() {
        let made = written(Keys::Json, json!({}), "a.b[0].c", Some(json!(1)));
        assert_eq!(made, Ok(json!({"a": {"b": [{"c": 1}]}})));
        let appended = written(Keys::Json, json!({"b": [{"c": 1}]}), "b.[9].c", Some(json!(2)));
        assert_eq!(appended, Ok(json!({"b": [{"c": 1}, {"c": 2}]})));
    }

    #[test]
    fn elements_are_chosen_by_key_and_by_pattern() {
        let list = json!({"ports": [{"port": 80}, {"port": 15021}], "args": ["--a=1", "--b=2"]});
        let chosen = written(Keys::Yaml, list.clone(), "ports.[port:15021].name", Some(json!("x")));
        assert_eq!(chosen.unwrap()["ports"][1], json!({"port": 15021, "name": "x"}));
        let matched = written(Keys::Yaml, list.clone(), "args.[--b]", Some(json!("--b=3")));
        assert_eq!(matched.unwrap()["args"], json!(["--a=1", "--b=3"]));
        assert_eq!(
            written(Keys::Yaml, list, "ports.[port:443].name", Some(json!("x"))),
            Err("path `ports.[port:443].name`: no element [port:443] in the list; it has `[port:80]`, `[port:15021]`"
                .into())
        );
    }

    #[test]
    fn deleting_leaves_the_rest() {
        let tree = json!({"a": {"b": [1, 2], "c": 3}});
        assert_eq!(written(Keys::Yaml, tree.clone(), "a.b.[0]", None), Ok(json!({"a": {"b": [2], "c": 3}})));
        assert_eq!(written(Keys::Yaml, tree.clone(), "a.c", None), Ok(json!({"a": {"b": [1, 2]}})));
        assert_eq!(
            written(Keys::Yaml, tree, "a.b.[2]", None),
            Err("path `a.b.[2]`: index [2] is beyond the end of the list of 2".into())
        );
    }

    #[test]
    fn flags_append_to_lists_and_overlays_replace_them() {
        let tree = json!({"list": ["a"]});
        assert_eq!(written(Keys::Json, tree.clone(), "list", Some(json!("b"))), Ok(json!({"list": ["a", "b"]})));
        assert_eq!(written(Keys::Yaml, tree, "list", Some(json!("b"))), Ok(json!({"list": "b"})));
    }

    #[test]
    fn texts_that_are_yaml_maps_become_maps() {
        let text = Some(json!("name: x\nconfigMap: {name: z}"));
        let appended = written(Keys::Yaml, json!({"volumes": []}), "volumes[100]", text.clone());
        assert_eq!(appended, Ok(json!({"volumes": [{"name": "x", "configMap": {"name": "z"}}]})));
        assert_eq!(written(Keys::Json, json!({}), "a.b", Some(json!("c: d"))), Ok(json!({"a": {"c": "d"}})));
        assert_eq!(written(Keys::Json, json!({}), "a", Some(json!("{\"c\": 1}"))), Ok(json!({"a": "{\"c\": 1}"})));
    }
}

//! Label selectors, as kubectl's `-l` takes them.

use std::str::FromStr;

use serde_json::Value;

use crate::{Error, error::Result, object::label_of};

/// Conditions on labels that must all hold: `app=web`, `tier in (a, b)`, `tier notin (c)`, `canary`, `!canary`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Whether an object's labels are as it says. As in Kubernetes, a missing label is `notin` anything.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                label_of(object, key).is_some_and(|value| values.iter().any(|v| v == value))
            }
            Requirement::NotIn(key, values) => {
                label_of(object, key).is_none_or(|value| values.iter().all(|v| v != value))
            }
            Requirement::Exists(key) => label_of(object, key).is_some(),
            Requirement::Absent(key) => label_of(object, key).is_none(),
        })
    }
}

/// The text of the selector of a workload, service or the like: `matchLabels` and `matchExpressions`, or plain labels.
pub(crate) fn selector_text(selector: &Value) -> Option<String> {
    let labels = match selector.get("matchLabels").or(selector.get("matchExpressions").map(|_| &Value::Null)) {
        Some(labels) => labels,
        None => selector,
    };
    let mut parts: Vec<String> = labels
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        parts.push(expression_text(expression)?);
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

fn expression_text(expression: &Value) -> Option<String> {
    let key = expression["key"].as_str()?;
    let values: Vec<&str> = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match expression["operator"].as_str()? {
        "In" => Some(format!("{key} in ({})", values.join(","))),
        "NotIn" => Some(format!("{key} notin ({})", values.join(","))),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

impl FromStr for Selector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = split(text).into_iter().filter(|part| !part.trim().is_empty());
        let requirements = parts.map(|part| requirement(part.trim())).collect::<Option<_>>();
        requirements.map(Self).ok_or_else(|| Error::BadSelector { selector: text.to_owned() })
    }
}

/// Cut at commas that are not within parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    if let Some((key, values)) = part.split_once('(') {
        let values = values.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = key.split_whitespace();
        let (key, operator) = (words.next()?, words.next()?);
        return match (operator, words.next()) {
            ("in", None) => Some(Requirement::In(key_of(key)?, values)),
            ("notin", None) => Some(Requirement::NotIn(key_of(key)?, values)),
            _ => None,
        };
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::In(key_of(key)?, vec![value_of(value)?]));
    }
    match part.strip_prefix('!') {
        Some(key) => Some(Requirement::Absent(key_of(key)?)),
        None => Some(Requirement::Exists(key_of(part)?)),
    }
}

fn key_of(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |char: char| char.is_ascii_alphanumeric() || "-_./".contains(char);
    (!text.is_empty() && text.chars().all(allowed)).then(|| text.to_owned())
}

fn value_of(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    text.chars().all(allowed).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_match_as_in_kubernetes() {
        let object = json!({ "metadata": { "labels": { "app": "web", "tier": "a", "x.io/y": "" } } });
        for (text, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier in (a, b)", true),
            ("app!=web", false),
            ("none!=web", true),
            ("tier notin (a,c)", false),
            ("none notin (a)", true),
            ("x.io/y", true),
            ("x.io/y=", true),
            ("!x.io/y", false),
            ("!none, app", true),
        ] {
            assert_eq!(text.parse::<Selector>().unwrap().matches(&object), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["app web", "in (a)", "app in a", "app in (a", "=a", "a=b=c", "a>1"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_workloads_selector_as_text() {
        let selector = json!({ "matchLabels": { "app": "web" }, "matchExpressions": [
            { "key": "tier", "operator": "In", "values": ["a", "b"] }, { "key": "old", "operator": "DoesNotExist" },
        ] });
        assert_eq!(selector_text(&selector).as_deref(), Some("app=web,tier in (a,b),!old"));
        assert_eq!(selector_text(&json!({ "app": "web" })).as_deref(), Some("app=web"));
        assert_eq!(
            selector_text(&json!({ "matchExpressions": [{ "key": "k", "operator": "Exists" }] })).as_deref(),
            Some("k")
        );
        assert_eq!(selector_text(&json!({})), None);
    }
}

//! Paths into objects: `status.loadBalancer.ingress[0].ip`, also in kubectl's braces.

use std::str::FromStr;

use serde_json::Value;

use crate::{Error, error::Result};

/// A path into an object. Keys with dots are quoted, `metadata.labels['a.b/c']`; `[*]` is every item, and
/// `conditions[type=Ready]` (kubectl: `[?(@.type=="Ready")]`) those that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(i64),
    Every,
    Where(String, String),
}

impl Path {
    /// All values that it leads to.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        self.0
            .iter()
            .fold(vec![value], |found, segment| found.into_iter().flat_map(|value| step(value, segment)).collect())
    }
}

fn step<'v>(value: &'v Value, segment: &Segment) -> Vec<&'v Value> {
    let items = || value.as_array().into_iter().flatten();
    match segment {
        Segment::Key(key) => value.get(key).into_iter().collect(),
        Segment::Index(index) => {
            let length = value.as_array().map_or(0, Vec::len) as i64;
            let index = if *index < 0 { index + length } else { *index };
            usize::try_from(index).ok().and_then(|index| value.get(index)).into_iter().collect()
        }
        Segment::Every => match value {
            Value::Object(fields) => fields.values().collect(),
            _ => items().collect(),
        },
        Segment::Where(key, wanted) => {
            items().filter(|item| item.get(key).is_some_and(|found| text_of(found) == *wanted)).collect()
        }
    }
}

/// A value as text: strings without quotes, everything else as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let inner = text.trim();
        let inner = inner.strip_prefix("jsonpath=").unwrap_or(inner).trim_matches(['\'', '"']);
        let inner = inner.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(inner);
        let inner = inner.strip_prefix('$').unwrap_or(inner);
        segments(inner).map(Self).ok_or_else(|| Error::BadPath { path: text.to_owned() })
    }
}

fn segments(text: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(bracket) = rest.strip_prefix('[') {
            let end = closing(bracket)?;
            segments.push(bracketed(bracket[..end].trim())?);
            rest = &bracket[end + 1..];
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if rest.starts_with('[') {
            continue;
        }
        let (key, after) = key(rest)?;
        segments.push(if key == "*" { Segment::Every } else { Segment::Key(key) });
        rest = after;
    }
    (!segments.is_empty()).then_some(segments)
}

/// A key up to the next dot or bracket; `\.` is a dot within it, as kubectl has it.
fn key(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => key.push(chars.next()?.1),
            '.' | '[' => return (!key.is_empty()).then_some((key, &text[at..])),
            ']' | '{' | '}' | '(' | ')' => return None,
            char => key.push(char),
        }
    }
    (!key.is_empty()).then_some((key, ""))
}

/// Where the bracket ends, not counting brackets within quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (None, ']') => return Some(at),
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), char) if open == char => quote = None,
            _ => {}
        }
    }
    None
}

fn bracketed(text: &str) -> Option<Segment> {
    if text == "*" {
        return Some(Segment::Every);
    }
    if let Ok(index) = text.parse() {
        return Some(Segment::Index(index));
    }
    if let Some(key) = quoted(text) {
        return Some(Segment::Key(key));
    }
    let filter = text.strip_prefix("?(").and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    let (key, wanted) = filter.split_once("==").or_else(|| filter.split_once('='))?;
    let key = key.trim().trim_start_matches("@.");
    let wanted = wanted.trim();
    let plain = |text: &str| !text.is_empty() && !text.contains(['\'', '"', '[', '(', ' ', '.']);
    plain(key).then(|| Segment::Where(key.to_owned(), quoted(wanted).unwrap_or_else(|| wanted.to_owned())))
}

fn quoted(text: &str) -> Option<String> {
    ['\'', '"'].iter().find_map(|quote| Some(text.strip_prefix(*quote)?.strip_suffix(*quote)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_into_objects() {
        let object = json!({
            "metadata": { "labels": { "a.b/c": "x" } },
            "status": {
                "loadBalancer": { "ingress": [{ "ip": "10.0.0.1" }, { "ip": "10.0.0.2" }] },
                "conditions": [{ "type": "Ready", "status": "True" }, { "type": "Other", "status": "False" }],
            },
        });
        let found =
            |path: &str| path.parse::<Path>().unwrap().find(&object).into_iter().map(text_of).collect::<Vec<_>>();
        assert_eq!(found("status.loadBalancer.ingress[0].ip"), ["10.0.0.1"]);
        assert_eq!(found("{.status.loadBalancer.ingress[-1].ip}"), ["10.0.0.2"]);
        assert_eq!(found("jsonpath='{.status.loadBalancer.ingress[*].ip}'"), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(found("metadata.labels['a.b/c']"), ["x"]);
        assert_eq!(found("metadata.labels.a\\.b/c"), ["x"]);
        assert_eq!(found("status.conditions[type=Ready].status"), ["True"]);
        assert_eq!(found(r#"{.status.conditions[?(@.type=="Other")].status}"#), ["False"]);
        assert_eq!(found("status.nothing[3].x"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "{}", "a..b", "a[", "a[x y]", "a]", "{.a", "a."] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}

//! Fields of requests: those that are known, and those that are not.

use serde_json::{Map, Value};

use super::reply::Failure;
use crate::World;

/// Refuse and record fields that nobody knows. Those that say nothing (`null`, `false`, 0, empty) do no harm.
///
/// # Errors
/// 501 with the first of them.
pub(crate) fn check(world: &World, route: &str, given: &Map<String, Value>, known: &[&str]) -> Result<(), Failure> {
    let unknown = |key: &&String| !known.iter().any(|one| one.eq_ignore_ascii_case(key));
    match given.iter().filter(|(_, value)| says_something(value)).map(|(key, _)| key).find(unknown) {
        Some(key) => {
            let key: String = key.chars().take(60).collect();
            Err(Failure::unknown(world.recorder.unknown(format!("{route}: field {key}"))))
        }
        None => Ok(()),
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => map.values().any(says_something),
    }
}

/// A text field; absent and `null` are empty.
///
/// # Errors
/// When it is something else.
pub(crate) fn text<'a>(given: &'a Map<String, Value>, key: &str) -> Result<&'a str, Failure> {
    match given.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong(key, other, "string")),
    }
}

/// A switch; absent and `null` are off.
///
/// # Errors
/// When it is something else.
pub(crate) fn switch(given: &Map<String, Value>, key: &str) -> Result<bool, Failure> {
    match given.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(other) => Err(wrong(key, other, "bool")),
    }
}

/// A map; absent and `null` are empty.
///
/// # Errors
/// When it is something else.
pub(crate) fn map(given: &Map<String, Value>, key: &str) -> Result<Map<String, Value>, Failure> {
    match given.get(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(other) => Err(wrong(key, other, "map")),
    }
}

/// A list of texts, or one text; absent and `null` are empty.
///
/// # Errors
/// When it is something else.
pub(crate) fn texts(given: &Map<String, Value>, key: &str) -> Result<Vec<String>, Failure> {
    match given.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => Ok(super::state::texts(given.get(key))),
        Some(other) => Err(wrong(key, other, "[]string")),
    }
}

fn wrong(key: &str, found: &Value, expected: &str) -> Failure {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Failure::bad(format!("json: cannot unmarshal {found} into Go struct field .{key} of type {expected}"))
}

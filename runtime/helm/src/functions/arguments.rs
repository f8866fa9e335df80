//! Reading arguments the way Go's helpers do: casts, texts, elements.

use std::borrow::Cow;

use crate::template::{
    number,
    object::Object,
    print,
    value::{IntKind, Map, Value},
};

/// What Go says when it looks at the type of nil.
pub(super) const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

/// The largest list or text that a function makes.
pub(super) const MAX_LENGTH: usize = 1 << 28;

/// A string argument.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => String::from_utf8_lossy(other.as_bytes().unwrap_or_default()),
    }
}

/// A string argument's bytes.
pub(super) fn bytes(value: &Value) -> &[u8] {
    value.as_bytes().unwrap_or_default()
}

/// An `int` argument.
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(value, _) => *value,
        _ => 0,
    }
}

/// A map argument; nil is an empty map.
pub(super) fn map(value: &Value) -> Map {
    value.as_map().cloned().unwrap_or_else(Map::empty)
}

/// Any value as text, as Sprig's `toString` makes it.
pub(super) fn strval(value: &Value) -> Vec<u8> {
    match value.as_bytes() {
        Some(bytes) => bytes.to_vec(),
        None => print::text(value),
    }
}

/// [`strval`] as text.
pub(super) fn strval_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => String::from_utf8_lossy(&strval(other)).into_owned(),
    }
}

/// The elements of a list, whatever their type; nothing for what is no list.
pub(super) fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) => Some(list.items().to_vec()),
        Value::Bytes(bytes) => Some(bytes.iter().map(|byte| Value::Int(i64::from(*byte), IntKind::Uint8)).collect()),
        _ => None,
    }
}

/// The elements of a list, or the error that Sprig gives for other kinds, which starts with `refusal`.
pub(super) fn elements_or(value: &Value, refusal: &str) -> Result<Vec<Value>, String> {
    match value {
        Value::Nil => Err(NIL_POINTER.into()),
        other => elements(other).ok_or_else(|| format!("{refusal} {}", other.kind_name())),
    }
}

/// Any value as a list of texts, without the nil ones.
pub(super) fn strslice(value: &Value) -> Vec<Vec<u8>> {
    match elements(value) {
        Some(items) => items.iter().filter(|item| !matches!(item, Value::Nil)).map(strval).collect(),
        None if matches!(value, Value::Nil) => Vec::new(),
        None => vec![strval(value)],
    }
}

/// Whether Sprig calls a value empty.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(object) => match &**object {
            Object::Files(files) => files.is_empty(),
            _ => false,
        },
        other => !other.is_true(),
    }
}

/// Any value as an integer; what is none is 0.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(value, _) => *value,
        Value::Float(value) => *value as i64,
        Value::Bool(value) => i64::from(*value),
        Value::String(text) => number::parse_int(trim_zero_decimal(text)).unwrap_or(0),
        _ => 0,
    }
}

/// Any value as a float; what is none is 0.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(value, kind) if kind.is_unsigned() => *value as u64 as f64,
        Value::Int(value, _) => *value as f64,
        Value::Float(value) => *value,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::String(text) => number::parse_float(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// `12.000` without its zeros.
fn trim_zero_decimal(text: &str) -> &str {
    match text.rfind('.') {
        Some(at) if text.len() > at + 1 && text[at + 1..].bytes().all(|byte| byte == b'0') => &text[..at],
        _ => text,
    }
}

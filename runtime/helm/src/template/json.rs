//! Values to JSON and back, with Go's rules for numbers and escapes.

use std::{collections::BTreeMap, sync::Arc};

use base64::Engine as _;
use serde_json::Value as Json;

use super::{
    float,
    object::{Object, Struct},
    value::{List, Value},
};
use crate::golang_time;

/// How deep a value may nest; only values that hold themselves get there.
const MAX_DEPTH: usize = 500;

/// How numbers that JSON holds as integers become values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integers {
    /// As float64, which is what Go's JSON reader makes of every number.
    Floats,
    /// As int64, which is what `--set` makes of integers.
    Keep,
}

/// A value that holds the same data.
pub(crate) fn from_json(json: &Json, integers: Integers) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), integers) {
            (Some(value), Integers::Keep) => Value::int64(value),
            _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(|item| from_json(item, integers)).collect()),
        Json::Object(entries) => {
            let entry = |(key, item): (&String, &Json)| (Arc::from(key.as_str()), from_json(item, integers));
            Value::map(entries.iter().map(entry).collect())
        }
    }
}

/// The data of a value, numbers without a fraction as integers.
///
/// # Errors
/// When the value holds itself, or a number that JSON cannot write.
pub(crate) fn to_json(value: &Value) -> Result<Json, String> {
    to_json_at(value, 0)
}

fn to_json_at(value: &Value, depth: usize) -> Result<Json, String> {
    if depth > MAX_DEPTH {
        return Err("json: unsupported value: encountered a cycle".into());
    }
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value, kind) if kind.is_unsigned() => Json::from(*value as u64),
        Value::Int(value, _) => Json::from(*value),
        Value::Float(value) => float_to_json(*value)?,
        Value::String(text) => Json::String(text.to_string()),
        Value::Binary(bytes) => Json::String(String::from_utf8_lossy(bytes).into()),
        Value::Bytes(bytes) => Json::String(base64::engine::general_purpose::STANDARD.encode(bytes)),
        Value::List(list) if list.is_nil() => Json::Null,
        Value::List(list) => {
            Json::Array(list.items().iter().map(|item| to_json_at(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let borrowed = map.borrow();
            let entries = borrowed.iter().map(|(key, item)| Ok((key.to_string(), to_json_at(item, depth + 1)?)));
            Json::Object(entries.collect::<Result<_, String>>()?)
        }
        Value::Object(object) => object_to_json(object, depth)?,
    })
}

fn float_to_json(value: f64) -> Result<Json, String> {
    if !value.is_finite() {
        return Err(format!("json: unsupported value: {}", float::display(value)));
    }
    if value.trunc() == value {
        // The digits that Go writes, read again as an integer where they are one.
        let digits = float::json(value);
        if let Ok(integer) = digits.parse::<i64>() {
            return Ok(Json::from(integer));
        }
        if let Ok(integer) = digits.parse::<u64>() {
            return Ok(Json::from(integer));
        }
    }
    Ok(Json::from(value))
}

fn object_to_json(object: &Object, depth: usize) -> Result<Json, String> {
    Ok(match object {
        Object::Struct(object) => {
            let entries = json_fields(object).map(|(key, item)| Ok((key.to_owned(), to_json_at(item, depth + 1)?)));
            Json::Object(entries.collect::<Result<_, String>>()?)
        }
        Object::Files(files) => to_json_at(&Value::map(Object::file_entries(files)), depth)?,
        Object::Time(time) => Json::String(golang_time::rfc3339(time)),
        Object::Version(version) => Json::String(version.to_string()),
    })
}

fn json_fields(object: &Struct) -> impl Iterator<Item = (&str, &Value)> {
    object
        .fields
        .iter()
        .filter(|field| !field.omit_empty || field.value.is_true())
        .map(|field| (field.json, &field.value))
}

/// How JSON is to be written.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Write `<`, `>` and `&` as escapes, as Go does unless told otherwise.
    pub(crate) escape_html: bool,
    /// Break lines and indent by two.
    pub(crate) pretty: bool,
}

/// Write a value as Go's encoder does.
///
/// # Errors
/// As [`to_json`].
pub(crate) fn write(value: &Value, layout: Layout) -> Result<String, String> {
    let mut out = String::new();
    write_at(&mut out, value, layout, 0)?;
    Ok(out)
}

fn write_at(out: &mut String, value: &Value, layout: Layout, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("json: unsupported value: encountered a cycle".into());
    }
    match value {
        Value::Float(value) if !value.is_finite() => {
            return Err(format!("json: unsupported value: {}", float::display(*value)));
        }
        Value::Float(value) => out.push_str(&float::json(*value)),
        Value::String(text) => write_string(out, text, layout),
        Value::Binary(bytes) => write_string(out, &String::from_utf8_lossy(bytes), layout),
        Value::List(list) if !list.is_nil() => write_list(out, list, layout, depth)?,
        Value::Map(map) => {
            let borrowed = map.borrow();
            write_entries(out, borrowed.iter().map(|(key, item)| (&**key, item)), layout, depth)?;
        }
        Value::Object(object) => match &**object {
            Object::Struct(object) => write_entries(out, json_fields(object), layout, depth)?,
            Object::Files(files) => write_at(out, &Value::map(Object::file_entries(files)), layout, depth)?,
            other => match object_to_json(other, depth)? {
                Json::String(text) => write_string(out, &text, layout),
                json => out.push_str(&json.to_string()),
            },
        },
        other => match to_json(other)? {
            Json::String(text) => write_string(out, &text, layout),
            json => out.push_str(&json.to_string()),
        },
    }
    Ok(())
}

fn write_list(out: &mut String, list: &List, layout: Layout, depth: usize) -> Result<(), String> {
    out.push('[');
    for (index, item) in list.items().iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        line(out, layout, depth + 1);
        write_at(out, item, layout, depth + 1)?;
    }
    if !list.items().is_empty() {
        line(out, layout, depth);
    }
    out.push(']');
    Ok(())
}

fn write_entries<'a>(
    out: &mut String,
    entries: impl Iterator<Item = (&'a str, &'a Value)>,
    layout: Layout,
    depth: usize,
) -> Result<(), String> {
    out.push('{');
    let mut empty = true;
    for (key, item) in entries {
        out.push_str(if empty { "" } else { "," });
        empty = false;
        line(out, layout, depth + 1);
        write_string(out, key, layout);
        out.push_str(if layout.pretty { ": " } else { ":" });
        write_at(out, item, layout, depth + 1)?;
    }
    if !empty {
        line(out, layout, depth);
    }
    out.push('}');
    Ok(())
}

fn line(out: &mut String, layout: Layout, depth: usize) {
    if layout.pretty {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn write_string(out: &mut String, text: &str, layout: Layout) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if layout.escape_html => escape(out, character),
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => escape(out, character),
            character => out.push(character),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, character: char) {
    out.push_str(&format!("\\u{:04x}", character as u32));
}

/// Read JSON as Go does: numbers are float64, later keys win.
///
/// # Errors
/// In Go's words where they are known.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| go_message(text, &error))
}

fn go_message(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".into();
    }
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let at = error.column().saturating_sub(1);
    let rest = line.get(at..).or_else(|| line.get(at.saturating_sub(1)..)).unwrap_or_default();
    let character = rest.chars().next().unwrap_or(' ');
    let place = match error.to_string() {
        message if message.contains("trailing characters") => "after top-level value",
        message if message.contains("key must be a string") => "looking for beginning of object key string",
        message if message.contains("expected `:`") => "after object key",
        message if message.contains("expected `,` or `}`") => "after object key:value pair",
        message if message.contains("expected `,` or `]`") => "after array element",
        _ => "looking for beginning of value",
    };
    format!("invalid character {} {place}", crate::text::quote_with(character.to_string().as_bytes(), '\'', false))
}

/// A map with one entry, as error maps are.
pub(crate) fn single(key: &str, value: Value) -> Value {
    Value::map(BTreeMap::from([(Arc::from(key), value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Layout = Layout { escape_html: true, pretty: false };

    #[test]
    fn json_is_written_as_by_go() {
        let value = from_json(
            &serde_json::json!({"b": [1, 1.5, 1e21, null, true], "a": "<&>\u{2028}\u{1}é\"", "c": {}, "d": []}),
            Integers::Floats,
        );
        assert_eq!(
            write(&value, PLAIN).unwrap(),
            r#"{"a":"\u003c\u0026\u003e\u2028\u0001é\"","b":[1,1.5,1e+21,null,true],"c":{},"d":[]}"#
        );
        assert_eq!(
            write(&value, Layout { escape_html: false, pretty: true }).unwrap(),
            "{\n  \"a\": \"<&>\\u2028\\u0001é\\\"\",\n  \"b\": [\n    1,\n    1.5,\n    1e+21,\n    null,\n    true\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        );
    }

    #[test]
    fn a_value_that_holds_itself_is_an_error() {
        let map = super::super::value::Map::empty();
        map.insert("self", Value::Map(map.clone()));
        assert!(write(&Value::Map(map.clone()), PLAIN).is_err());
        assert!(to_json(&Value::Map(map.clone())).is_err());
        map.remove("self");
    }

    #[test]
    fn mistakes_are_told_in_gos_words() {
        for (text, message) in [
            ("{", "unexpected end of JSON input"),
            ("", "unexpected end of JSON input"),
            ("{a}", "invalid character 'a' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("1 2", "invalid character '2' after top-level value"),
        ] {
            assert_eq!(parse(text).unwrap_err(), message);
        }
    }
}

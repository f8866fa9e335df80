//! Choosing between values, and JSON.

use super::{
    ANY, TEXT,
    arguments::{is_empty, text},
    fixed, variadic,
};
use crate::template::{
    function::{Code, Function, Type},
    json::{self, Integers, Layout},
    value::Value,
};

const COMPACT: Layout = Layout { escape_html: true, pretty: false };
const RAW: Layout = Layout { escape_html: false, pretty: false };
const PRETTY: Layout = Layout { escape_html: true, pretty: true };

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("default", &[ANY, ANY], |_, a| Ok(a[usize::from(a.len() > 1 && !is_empty(&a[1]))].clone())),
    fixed("empty", &[ANY], |_, a| Ok(Value::Bool(is_empty(&a[0])))),
    variadic("coalesce", &[ANY], |_, a| Ok(a.iter().find(|item| !is_empty(item)).cloned().unwrap_or(Value::Nil))),
    variadic("all", &[ANY], |_, a| Ok(Value::Bool(!a.iter().any(is_empty)))),
    variadic("any", &[ANY], |_, a| Ok(Value::Bool(!a.iter().all(is_empty)))),
    fixed("ternary", &[ANY, ANY, Type::Bool], |_, a| Ok(a[usize::from(!a[2].is_true())].clone())),
    fixed("toJson", &[ANY], |_, a| Ok(lenient(json::write(&a[0], COMPACT)))),
    fixed("mustToJson", &[ANY], |_, a| json::write(&a[0], COMPACT).map(Value::text)),
    fixed("toRawJson", &[ANY], TO_RAW),
    fixed("mustToRawJson", &[ANY], TO_RAW),
    fixed("toPrettyJson", &[ANY], |_, a| Ok(lenient(json::write(&a[0], PRETTY)))),
    fixed("mustToPrettyJson", &[ANY], |_, a| json::write(&a[0], PRETTY).map(Value::text)),
    fixed("mustFromJson", &[TEXT], |_, a| {
        json::parse(&text(&a[0])).map(|parsed| json::from_json(&parsed, Integers::Floats))
    }),
];

const TO_RAW: Code = |_, a| json::write(&a[0], RAW).map(Value::text);

/// What cannot be written is an empty text.
fn lenient(written: Result<String, String>) -> Value {
    Value::text(written.unwrap_or_default())
}

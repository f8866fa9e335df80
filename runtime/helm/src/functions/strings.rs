//! Texts: cutting, joining, trimming, quoting, indenting.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    ANY, INT, TEXT,
    arguments::{MAX_LENGTH, bytes, int, strslice, strval, strval_text, text},
    fixed, variadic,
};
use crate::{
    template::{
        exec::Engine,
        function::Function,
        print,
        value::{List, Map, STRING_MAP, STRINGS, Value},
    },
    text::{is_space, quote},
};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("hello", &[], |_, _| Ok(Value::text("Hello!"))),
    fixed("trim", &[TEXT], |_, a| Ok(sliced(&a[0], text(&a[0]).trim_matches(is_space)))),
    fixed("trimAll", &[TEXT, TEXT], |_, a| Ok(trim_all(a))),
    fixed("trimall", &[TEXT, TEXT], |_, a| Ok(trim_all(a))),
    fixed("trimSuffix", &[TEXT, TEXT], |_, a| {
        let (all, suffix) = (bytes(&a[1]), bytes(&a[0]));
        Ok(all.strip_suffix(suffix).map_or_else(|| a[1].clone(), |rest| Value::go_string(rest.to_vec())))
    }),
    fixed("trimPrefix", &[TEXT, TEXT], |_, a| {
        let (all, prefix) = (bytes(&a[1]), bytes(&a[0]));
        Ok(all.strip_prefix(prefix).map_or_else(|| a[1].clone(), |rest| Value::go_string(rest.to_vec())))
    }),
    fixed("trunc", &[INT, TEXT], |_, a| Ok(trunc(int(&a[0]), &a[1]))),
    fixed("substr", &[INT, INT, TEXT], |_, a| substr(int(&a[0]), int(&a[1]), bytes(&a[2]))),
    fixed("repeat", &[INT, TEXT], repeat),
    fixed("contains", &[TEXT, TEXT], |_, a| Ok(Value::Bool(find(bytes(&a[1]), bytes(&a[0])).is_some()))),
    fixed("hasPrefix", &[TEXT, TEXT], |_, a| Ok(Value::Bool(bytes(&a[1]).starts_with(bytes(&a[0]))))),
    fixed("hasSuffix", &[TEXT, TEXT], |_, a| Ok(Value::Bool(bytes(&a[1]).ends_with(bytes(&a[0]))))),
    fixed("replace", &[TEXT, TEXT, TEXT], |_, a| Ok(Value::text(text(&a[2]).replace(&*text(&a[0]), &text(&a[1]))))),
    fixed("nospace", &[TEXT], |_, a| Ok(no_space(&a[0]))),
    fixed("initials", &[TEXT], |_, a| Ok(Value::text(initials(bytes(&a[0]))))),
    fixed("plural", &[TEXT, TEXT, INT], |_, a| Ok(a[usize::from(int(&a[2]) != 1)].clone())),
    fixed("toString", &[ANY], |_, a| Ok(Value::go_string(strval(&a[0])))),
    fixed("toStrings", &[ANY], |_, a| Ok(texts(strslice(&a[0])))),
    fixed("join", &[TEXT, ANY], |_, a| Ok(Value::go_string(strslice(&a[1]).join(bytes(&a[0]))))),
    fixed("split", &[TEXT, TEXT], |_, a| Ok(numbered(split(&text(&a[1]), &text(&a[0]), -1)))),
    fixed("splitn", &[TEXT, INT, TEXT], |_, a| Ok(numbered(split(&text(&a[2]), &text(&a[0]), int(&a[1]))))),
    fixed("splitList", &[TEXT, TEXT], |_, a| Ok(Value::strings(split(&text(&a[1]), &text(&a[0]), -1)))),
    fixed("sortAlpha", &[ANY], |_, a| Ok(sort_alpha(&a[0]))),
    variadic("quote", &[ANY], |_, a| Ok(Value::text(quoted(a, |item| quote(&strval(item)))))),
    variadic("squote", &[ANY], |_, a| {
        Ok(Value::text(quoted(a, |item| format!("'{}'", String::from_utf8_lossy(&print::text(item))))))
    }),
    variadic("cat", &[ANY], |_, a| Ok(Value::text(cat(a)))),
    fixed("indent", &[INT, TEXT], |engine, a| indent(engine, int(&a[0]), &text(&a[1]), "")),
    fixed("nindent", &[INT, TEXT], |engine, a| indent(engine, int(&a[0]), &text(&a[1]), "\n")),
];

/// The part of a string value; the value itself when the part is all of it.
fn sliced(value: &Value, part: &str) -> Value {
    match value {
        Value::String(whole) if whole.len() == part.len() => value.clone(),
        _ => Value::text(part),
    }
}

/// The text without blanks; if there is one, every byte becomes a character of its own, as in Sprig.
fn no_space(value: &Value) -> Value {
    let all = bytes(value);
    let is_kept = |byte: &u8| !is_space(char::from(*byte));
    match all.iter().all(is_kept) {
        true => value.clone(),
        false => Value::text(all.iter().copied().filter(is_kept).map(char::from).collect::<String>()),
    }
}

/// The first byte of every word.
fn initials(all: &[u8]) -> String {
    let words = all.split(|byte| is_space(char::from(*byte)));
    words.filter_map(|word| word.first()).copied().map(char::from).collect()
}

fn trim_all(arguments: &[Value]) -> Value {
    let cut = text(&arguments[0]);
    Value::text(text(&arguments[1]).trim_matches(|character| cut.contains(character)))
}

/// The first `count` bytes, or the last ones for a negative count. Cuts characters apart, as Go does.
fn trunc(count: i64, value: &Value) -> Value {
    let all = bytes(value);
    let length = all.len() as i64;
    if count < 0 && length + count > 0 {
        return Value::go_string(all[(length + count) as usize..].to_vec());
    }
    if count >= 0 && length > count {
        return Value::go_string(all[..count as usize].to_vec());
    }
    value.clone()
}

fn substr(start: i64, end: i64, all: &[u8]) -> Result<Value, String> {
    let length = all.len() as i64;
    let (start, end) = match (start < 0, end < 0 || end > length) {
        (true, _) => (0, end),
        (false, true) => (start, length),
        (false, false) => (start, end),
    };
    if end < 0 || end > length {
        let shown = if end < 0 { format!("[:{end}]") } else { format!("[:{end}] with length {length}") };
        return Err(format!("runtime error: slice bounds out of range {shown}"));
    }
    if start > end {
        return Err(format!("runtime error: slice bounds out of range [{start}:{end}]"));
    }
    Ok(Value::go_string(all[start as usize..end as usize].to_vec()))
}

fn repeat(engine: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let count = usize::try_from(int(&arguments[0])).map_err(|_| "strings: negative Repeat count".to_owned())?;
    let part = bytes(&arguments[1]);
    let length = part.len().saturating_mul(count);
    if length > MAX_LENGTH {
        return Err("strings: Repeat output length overflow".into());
    }
    engine.limits.produce(length)?;
    Ok(Value::go_string(part.repeat(count)))
}

fn find(all: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    match (std::str::from_utf8(all), std::str::from_utf8(part)) {
        (Ok(all), Ok(part)) => all.find(part),
        _ => all.windows(part.len()).position(|window| window == part),
    }
}

/// Go's `SplitN`: `limit` parts at most, all for a negative one; an empty separator splits into characters.
pub(super) fn split(all: &str, separator: &str, limit: i64) -> Vec<String> {
    if limit == 0 {
        return Vec::new();
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if !separator.is_empty() {
        return all.splitn(limit, separator).map(str::to_owned).collect();
    }
    let mut parts = Vec::new();
    let mut rest = all;
    while let Some(first) = rest.chars().next() {
        if parts.len() + 1 == limit {
            break;
        }
        parts.push(first.to_string());
        rest = &rest[first.len_utf8()..];
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

fn numbered(parts: Vec<String>) -> Value {
    let entry = |(index, part): (usize, String)| (Arc::from(format!("_{index}")), Value::text(part));
    let entries: BTreeMap<_, _> = parts.into_iter().enumerate().map(entry).collect();
    Value::Map(Map::new(STRING_MAP, entries))
}

fn texts(items: Vec<Vec<u8>>) -> Value {
    Value::List(List::new(STRINGS, items.into_iter().map(Value::go_string).collect()))
}

fn sort_alpha(value: &Value) -> Value {
    match value {
        Value::List(_) | Value::Bytes(_) => {
            let mut items = strslice(value);
            items.sort();
            texts(items)
        }
        other => texts(vec![strval(other)]),
    }
}

fn quoted(items: &[Value], quote: impl Fn(&Value) -> String) -> String {
    let parts: Vec<String> = items.iter().filter(|item| !matches!(item, Value::Nil)).map(quote).collect();
    parts.join(" ")
}

fn cat(items: &[Value]) -> String {
    let parts: Vec<String> = items.iter().filter(|item| !matches!(item, Value::Nil)).map(strval_text).collect();
    parts.join(" ")
}

fn indent(engine: &Engine<'_>, spaces: i64, all: &str, first: &str) -> Result<Value, String> {
    let spaces = usize::try_from(spaces).map_err(|_| "strings: negative Repeat count".to_owned())?;
    let lines = all.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let length = lines.saturating_mul(spaces).saturating_add(all.len());
    if length > MAX_LENGTH {
        return Err("strings: Repeat output length overflow".into());
    }
    engine.limits.produce(length)?;
    let pad = " ".repeat(spaces);
    let mut out = String::with_capacity(length + 1);
    out.push_str(first);
    for (index, line) in all.split('\n').enumerate() {
        out.push_str(if index > 0 { "\n" } else { "" });
        out.push_str(&pad);
        out.push_str(line);
    }
    Ok(Value::text(out))
}

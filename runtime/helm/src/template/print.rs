//! Values as text: `%v`, `%+v` and `%#v`, and what `print` makes of several.

use super::{
    float,
    object::{Object, Struct},
    value::{IntKind, List, Map, Value},
};
use crate::{golang_time, text::quote};

/// How deep a value is written before `...` stands for the rest; only values that hold themselves get there.
const MAX_DEPTH: usize = 200;

/// How a value is to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `%v`
    Plain,
    /// `%+v`: structures with the names of their fields.
    Named,
    /// `%#v`: as in Go source.
    Source,
}

/// Write a value as `%v` does.
pub(crate) fn write(out: &mut Vec<u8>, value: &Value) {
    write_styled(out, value, Style::Plain, 0);
}

/// Write a value in a style.
pub(crate) fn write_styled(out: &mut Vec<u8>, value: &Value, style: Style, depth: usize) {
    if depth > MAX_DEPTH {
        return out.extend_from_slice(b"...");
    }
    match value {
        Value::Nil => out.extend_from_slice(b"<nil>"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(value, kind) => out.extend_from_slice(integer(*value, *kind, style).as_bytes()),
        Value::Float(value) => out.extend_from_slice(float::display(*value).as_bytes()),
        Value::String(_) | Value::Binary(_) => {
            let bytes = value.as_bytes().unwrap_or_default();
            match style {
                Style::Source => out.extend_from_slice(quote(bytes).as_bytes()),
                _ => out.extend_from_slice(bytes),
            }
        }
        Value::Bytes(bytes) => write_bytes(out, bytes, style),
        Value::List(list) => write_list(out, list, style, depth),
        Value::Map(map) => write_map(out, map, style, depth),
        Value::Object(object) => write_object(out, object, style, depth),
    }
}

/// The text of a value, as `%v` writes it.
pub(crate) fn text(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        other => {
            let mut out = Vec::new();
            write(&mut out, other);
            out
        }
    }
}

/// `fmt.Sprint`: a blank between two neighbours of which neither is a string.
pub(crate) fn sprint(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    let is_string = |value: &Value| matches!(value, Value::String(_) | Value::Binary(_));
    for (index, value) in values.iter().enumerate() {
        if index > 0 && !is_string(value) && !is_string(&values[index - 1]) {
            out.push(b' ');
        }
        write(&mut out, value);
    }
    out
}

/// `fmt.Sprintln`.
pub(crate) fn sprintln(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(&mut out, value);
    }
    out.push(b'\n');
    out
}

fn integer(value: i64, kind: IntKind, style: Style) -> String {
    match kind {
        _ if style == Style::Source => match kind {
            IntKind::Uint8 | IntKind::Uint64 => format!("{:#x}", value as u64),
            _ => value.to_string(),
        },
        IntKind::Month => golang_time::month_name(value),
        IntKind::Weekday => golang_time::weekday_name(value),
        IntKind::Uint64 => (value as u64).to_string(),
        _ => value.to_string(),
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8], style: Style) {
    let texts: Vec<String> = match style {
        Style::Source => bytes.iter().map(|byte| format!("{byte:#x}")).collect(),
        _ => bytes.iter().map(u8::to_string).collect(),
    };
    match style {
        Style::Source => out.extend_from_slice(format!("[]byte{{{}}}", texts.join(", ")).as_bytes()),
        _ => out.extend_from_slice(format!("[{}]", texts.join(" ")).as_bytes()),
    }
}

fn write_list(out: &mut Vec<u8>, list: &List, style: Style, depth: usize) {
    let source = style == Style::Source;
    if source {
        out.extend_from_slice(list.go_type().as_bytes());
        if list.is_nil() {
            return out.extend_from_slice(b"(nil)");
        }
    }
    out.push(if source { b'{' } else { b'[' });
    for (index, item) in list.items().iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(if source { b", " } else { b" " });
        }
        write_element(out, item, style, depth);
    }
    out.push(if source { b'}' } else { b']' });
}

fn write_element(out: &mut Vec<u8>, value: &Value, style: Style, depth: usize) {
    match value {
        Value::Nil if style == Style::Source => out.extend_from_slice(b"interface {}(nil)"),
        value => write_styled(out, value, style, depth + 1),
    }
}

fn write_map(out: &mut Vec<u8>, map: &Map, style: Style, depth: usize) {
    let source = style == Style::Source;
    out.extend_from_slice(if source { map.go_type().as_bytes() } else { b"map" });
    out.push(if source { b'{' } else { b'[' });
    for (index, (key, item)) in map.entries().iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(if source { b", " } else { b" " });
        }
        match style {
            Style::Source => out.extend_from_slice(quote(key.as_bytes()).as_bytes()),
            _ => out.extend_from_slice(key.as_bytes()),
        }
        out.push(b':');
        write_element(out, item, style, depth);
    }
    out.push(if source { b'}' } else { b']' });
}

fn write_object(out: &mut Vec<u8>, object: &Object, style: Style, depth: usize) {
    match object {
        Object::Struct(object) => write_struct(out, object, style, depth),
        Object::Files(files) => {
            out.extend_from_slice(b"map[");
            for (index, (name, bytes)) in files.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(name.as_bytes());
                out.push(b':');
                write_bytes(out, bytes, style);
            }
            out.push(b']');
        }
        Object::Time(time) => out.extend_from_slice(golang_time::display(time).as_bytes()),
        Object::Version(version) => out.extend_from_slice(version.to_string().as_bytes()),
    }
}

fn write_struct(out: &mut Vec<u8>, object: &Struct, style: Style, depth: usize) {
    if let Some(text) = &object.text {
        return out.extend_from_slice(text.as_bytes());
    }
    if object.pointer {
        if depth > 0 {
            // Go prints the address of a pointer inside something else; an address says nothing and is never the same.
            return out.extend_from_slice(b"0xc000000000");
        }
        out.push(b'&');
    }
    if style == Style::Source {
        out.extend_from_slice(object.go_type.trim_start_matches('*').as_bytes());
    }
    out.extend_from_slice(if object.embedded > 0 { b"{{" } else { b"{" });
    for (index, field) in object.fields.iter().enumerate() {
        if index > 0 && index == object.embedded {
            out.push(b'}');
        }
        if index > 0 {
            out.extend_from_slice(if style == Style::Source { b", " } else { b" " });
        }
        if style != Style::Plain {
            out.extend_from_slice(field.name.as_bytes());
            out.push(b':');
        }
        write_element(out, &field.value, style, depth);
    }
    out.push(b'}');
}

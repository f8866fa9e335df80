//! TOML as Helm writes it: keys sorted, plain ones before tables, nested tables indented.

use crate::template::{float, object::Object, value::Value};

/// Write a value; what TOML cannot hold is answered with the error's text.
pub(super) fn write(value: &Value) -> String {
    let mut writer = Writer { out: String::new() };
    let done = match entries(value) {
        Some(fields) => writer.table(&[], fields, false),
        None => writer.inline(value, 0),
    };
    match done {
        Ok(()) => writer.out,
        Err(message) => message,
    }
}

struct Writer {
    out: String,
}

type Fields = Vec<(String, Value)>;

/// The entries of a map or structure that are not nil.
fn entries(value: &Value) -> Option<Fields> {
    let all: Fields = match value {
        Value::Map(map) => map.entries().into_iter().map(|(key, item)| (key.to_string(), item)).collect(),
        Value::Object(object) => match &**object {
            Object::Struct(object) => {
                object.fields.iter().map(|field| (field.name.to_owned(), field.value.clone())).collect()
            }
            Object::Files(files) => {
                Object::file_entries(files).into_iter().map(|(key, item)| (key.to_string(), item)).collect()
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(all.into_iter().filter(|(_, item)| !matches!(item, Value::Nil)).collect())
}

fn is_table_list(value: &Value) -> bool {
    match value {
        Value::List(list) => !list.items().is_empty() && list.items().iter().all(|item| entries(item).is_some()),
        _ => false,
    }
}

impl Writer {
    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
    }

    fn table(&mut self, path: &[String], fields: Fields, header: bool) -> Result<(), String> {
        if path.len() > 200 {
            return Err("toml: the value nests too deep".into());
        }
        if header {
            if path.len() == 1 {
                self.line();
            }
            self.indent(path.len() - 1);
            self.out.push_str(&format!("[{}]\n", dotted(path)));
        }
        let (tables, plain): (Fields, Fields) =
            fields.into_iter().partition(|(_, item)| entries(item).is_some() || is_table_list(item));
        for (key, item) in plain {
            self.indent(path.len());
            self.out.push_str(&format!("{} = ", written_key(&key)));
            self.inline(&item, 0)?;
            self.out.push('\n');
        }
        for (key, item) in tables {
            let path = [path, &[key]].concat();
            match (&item, entries(&item)) {
                (_, Some(fields)) => self.table(&path, fields, true)?,
                (Value::List(list), None) => {
                    for item in list.items() {
                        self.line();
                        self.indent(path.len() - 1);
                        self.out.push_str(&format!("[[{}]]\n", dotted(&path)));
                        self.table(&path, entries(item).unwrap_or_default(), false)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn inline(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > 200 {
            return Err("toml: the value nests too deep".into());
        }
        if let Some(fields) = entries(value) {
            self.out.push('{');
            for (index, (key, item)) in fields.iter().enumerate() {
                self.out.push_str(if index > 0 { ", " } else { "" });
                self.out.push_str(&format!("{} = ", written_key(key)));
                self.inline(item, depth + 1)?;
            }
            self.out.push('}');
            return Ok(());
        }
        match value {
            Value::List(list) => {
                self.out.push('[');
                for (index, item) in list.items().iter().enumerate() {
                    if matches!(item, Value::Nil) {
                        return Err("toml: cannot encode array with nil element".into());
                    }
                    self.out.push_str(if index > 0 { ", " } else { "" });
                    self.inline(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Float(number) => self.out.push_str(&written_float(*number)),
            Value::String(_) | Value::Binary(_) => {
                self.out.push_str(&quoted(&String::from_utf8_lossy(value.as_bytes().unwrap_or_default())));
            }
            other => {
                let text = crate::template::print::text(other);
                self.out.push_str(&String::from_utf8_lossy(&text));
            }
        }
        Ok(())
    }
}

fn written_float(number: f64) -> String {
    if !number.is_finite() {
        return float::display(number).replace("Inf", "inf").replace("NaN", "nan");
    }
    let text = float::format(number, 'f', None);
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn dotted(path: &[String]) -> String {
    path.iter().map(|key| written_key(key)).collect::<Vec<_>>().join(".")
}

fn written_key(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !key.is_empty() && key.bytes().all(is_bare) {
        true => key.to_owned(),
        false => quoted(key),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", character as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::json::{Integers, from_json};

    #[test]
    fn tables_are_laid_out_as_by_helm() {
        let value = serde_json::json!({
            "b": 1, "a": "x\n\"y\"", "f": 1000000, "k k": "v", "le": [], "ml": [{"n": 1}, 2], "nn": [[1]], "none": null,
            "c": {"d": {"e": true}, "z": 1.5, "l": [1, "a"]}, "e": {}, "t": [{"n": 1}, {"n": 2, "s": {"q": 1}}],
        });
        assert_eq!(
            write(&from_json(&value, Integers::Floats)),
            "a = \"x\\n\\\"y\\\"\"\nb = 1.0\nf = 1000000.0\n\"k k\" = \"v\"\nle = []\nml = [{n = 1.0}, 2.0]\nnn = [[1.0]]\n\n\
             [c]\n  l = [1.0, \"a\"]\n  z = 1.5\n  [c.d]\n    e = true\n\n[e]\n\n[[t]]\n  n = 1.0\n\n[[t]]\n  n = 2.0\n  [t.s]\n    q = 1.0\n"
        );
        assert_eq!(write(&Value::list(vec![Value::Nil])), "toml: cannot encode array with nil element");
    }
}

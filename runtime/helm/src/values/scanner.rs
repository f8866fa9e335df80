//! Reading an expression of `--set` character by character, and putting values into nested maps and lists.

use serde_json::{Map, Value as Json};

/// The largest list index.
const MAX_INDEX: usize = 65536;
/// How deep names may be nested.
pub(super) const MAX_NESTING: usize = 30;

/// What is left of an expression.
pub(super) struct Scanner<'a> {
    pub(super) rest: &'a str,
}

impl Scanner<'_> {
    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    /// The text up to one of the stops and which one it was, or none at the end. With `escapes` a backslash takes the
    /// next character as it is.
    pub(super) fn until(&mut self, stops: &[char], escapes: bool) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(character) = self.next() {
            if stops.contains(&character) {
                return (text, Some(character));
            }
            match character {
                '\\' if escapes => text.extend(self.next()),
                other => text.push(other),
            }
        }
        (text, None)
    }

    /// A list index up to its closing bracket.
    pub(super) fn index(&mut self, escapes: bool) -> Result<usize, String> {
        let (text, stop) = self.until(&[']'], escapes);
        if stop.is_none() {
            return Err("error parsing index: EOF".into());
        }
        let number: i64 = text.parse().map_err(|_| {
            let text = crate::text::quote(text.as_bytes());
            format!("error parsing index: strconv.Atoi: parsing {text}: invalid syntax")
        })?;
        usize::try_from(number).map_err(|_| format!("negative {number} index not allowed"))
    }
}

/// Put a value under a key; an empty key takes nothing.
pub(super) fn put(target: &mut Map<String, Json>, key: &str, value: Json) {
    if !key.is_empty() {
        target.insert(key.to_owned(), value);
    }
}

/// Put a value at an index, filling up with null.
pub(super) fn put_at(list: &mut Vec<Json>, index: usize, value: Json) -> Result<(), String> {
    if index > MAX_INDEX {
        return Err(format!("index of {index} is greater than maximum supported index of {MAX_INDEX}"));
    }
    if list.len() <= index {
        list.resize(index + 1, Json::Null);
    }
    list[index] = value;
    Ok(())
}

/// The map under a key, taken out of the target; a new one if there is none.
pub(super) fn take_map(target: &mut Map<String, Json>, key: &str) -> Result<Map<String, Json>, String> {
    match target.get_mut(key) {
        None => Ok(Map::new()),
        Some(Json::Object(map)) => Ok(std::mem::take(map)),
        Some(other) => Err(conversion(other, "map[string]interface {}")),
    }
}

/// The list under a key, taken out of the target; a new one if there is none.
pub(super) fn take_list(target: &mut Map<String, Json>, key: &str) -> Result<Vec<Json>, String> {
    match target.get_mut(key) {
        None => Ok(Vec::new()),
        Some(Json::Array(list)) => Ok(std::mem::take(list)),
        Some(other) => Err(conversion(other, "[]interface {}")),
    }
}

/// The list inside a list, taken out of it; a new one if there is none.
pub(super) fn take_list_at(list: &mut [Json], index: usize) -> Result<Vec<Json>, String> {
    match list.get_mut(index) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(inner)) => Ok(std::mem::take(inner)),
        Some(other) => Err(conversion(other, "[]interface {}")),
    }
}

/// The map inside a list, taken out of it; a new one in the place of anything else.
pub(super) fn take_map_at(list: &mut [Json], index: usize) -> Map<String, Json> {
    match list.get_mut(index) {
        Some(Json::Object(map)) => std::mem::take(map),
        _ => Map::new(),
    }
}

fn conversion(found: &Json, wanted: &str) -> String {
    let found = match found {
        Json::Null => "nil",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float64",
        Json::Number(_) => "int64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    };
    format!("unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}")
}

//! The expressions of `--set`, `--set-string`, `--set-json` and `--set-file`: `a.b=1,list[0].x=y,names={p,q}`.

use serde_json::{Map, Value as Json};

use super::{
    floats,
    scanner::{MAX_NESTING, Scanner, put, put_at, take_list, take_list_at, take_map, take_map_at},
};
use crate::Error;

/// Set values as `--set` does: `true`, `false`, `null` and integers are what they look like.
///
/// # Errors
/// When the expression cannot be read.
pub fn set(expression: &str, target: &mut Map<String, Json>) -> Result<(), Error> {
    run(expression, target, Mode::Value(&|text| Ok(typed(text))))
}

/// Set values as `--set-string` does: all of them are texts.
///
/// # Errors
/// When the expression cannot be read.
pub fn set_string(expression: &str, target: &mut Map<String, Json>) -> Result<(), Error> {
    run(expression, target, Mode::Value(&|text| Ok(Json::String(text.to_owned()))))
}

/// Set values as `--set-json` does: `a={"b":1},c=[1,2]`.
///
/// # Errors
/// When the expression or a JSON value in it cannot be read.
pub fn set_json(expression: &str, target: &mut Map<String, Json>) -> Result<(), Error> {
    run(expression, target, Mode::Json)
}

/// Set values as `--set-file` does: what is written is the name of a file, whose text `read` gives.
///
/// # Errors
/// When the expression cannot be read, or a file.
pub fn set_file(
    expression: &str,
    target: &mut Map<String, Json>,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<(), Error> {
    run(expression, target, Mode::Value(&|text| read(text).map(Json::String)))
}

enum Mode<'r> {
    Value(&'r dyn Fn(&str) -> Result<Json, String>),
    Json,
}

/// What came after a name: another one, or the end.
enum After {
    More,
    End,
}

fn run(expression: &str, target: &mut Map<String, Json>, mode: Mode<'_>) -> Result<(), Error> {
    let mut parser = Parser { scanner: Scanner { rest: expression }, mode };
    loop {
        match parser.key(target, 0) {
            Ok(After::More) => {}
            Ok(After::End) => return Ok(()),
            Err(reason) => return Err(Error::Set { expression: expression.to_owned(), reason }),
        }
    }
}

struct Parser<'a, 'r> {
    scanner: Scanner<'a>,
    mode: Mode<'r>,
}

impl Parser<'_, '_> {
    fn key(&mut self, target: &mut Map<String, Json>, depth: usize) -> Result<After, String> {
        let (name, stop) = self.scanner.until(&['=', '[', ',', '.'], true);
        let quoted = || crate::text::quote(name.as_bytes());
        match stop {
            None if name.is_empty() => Ok(After::End),
            None => Err(format!("key {} has no value", quoted())),
            Some('[') => {
                let index = self.scanner.index(true)?;
                let mut list = take_list(target, &name)?;
                let done = self.item(&mut list, index, depth);
                put(target, &name, Json::Array(list));
                done
            }
            Some('=') => {
                let (value, after) = self.value()?;
                put(target, &name, value);
                Ok(after)
            }
            Some(',') => {
                put(target, &name, Json::String(String::new()));
                Err(format!("key {} has no value (cannot end with ,)", quoted()))
            }
            Some(_) => {
                if depth + 1 > MAX_NESTING {
                    return Err(too_deep());
                }
                let mut inner = take_map(target, &name)?;
                let done = self.key(&mut inner, depth + 1);
                let empty = inner.is_empty();
                if !empty {
                    put(target, &name, Json::Object(inner));
                }
                match done {
                    Ok(After::More) if empty => Err(format!("key map {} has no value", quoted())),
                    other => other,
                }
            }
        }
    }

    fn item(&mut self, list: &mut Vec<Json>, index: usize, depth: usize) -> Result<After, String> {
        let (text, stop) = self.scanner.until(&['[', '.', '='], true);
        if !text.is_empty() {
            let text = crate::text::quote(text.as_bytes());
            return Err(format!("unexpected data at end of array index: {text}"));
        }
        match stop {
            None => Ok(After::End),
            Some('=') => {
                let (value, after) = self.value()?;
                put_at(list, index, value)?;
                Ok(after)
            }
            Some('[') => {
                let next = self.scanner.index(true)?;
                let mut inner = take_list_at(list, index)?;
                if depth + 1 > MAX_NESTING {
                    return Err(too_deep());
                }
                let after = self.item(&mut inner, next, depth + 1)?;
                put_at(list, index, Json::Array(inner))?;
                Ok(after)
            }
            Some(_) => {
                let mut inner = take_map_at(list, index);
                let after = self.key(&mut inner, depth)?;
                put_at(list, index, Json::Object(inner))?;
                Ok(after)
            }
        }
    }

    fn value(&mut self) -> Result<(Json, After), String> {
        match self.mode {
            Mode::Json => self.json(),
            Mode::Value(_) if self.scanner.rest.is_empty() => Ok((Json::String(String::new()), After::End)),
            Mode::Value(read) if self.scanner.rest.starts_with('{') => {
                self.scanner.next();
                Ok((Json::Array(self.list(read)?), After::More))
            }
            Mode::Value(read) => {
                let (text, _) = self.scanner.until(&[','], true);
                Ok((read(&text)?, After::More))
            }
        }
    }

    fn list(&mut self, read: &dyn Fn(&str) -> Result<Json, String>) -> Result<Vec<Json>, String> {
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.scanner.until(&[',', '}'], true);
            match stop {
                None => return Err("list must terminate with '}'".into()),
                Some('}') => {
                    items.push(read(&text)?);
                    self.scanner.rest = self.scanner.rest.strip_prefix(',').unwrap_or(self.scanner.rest);
                    return Ok(items);
                }
                Some(_) => items.push(read(&text)?),
            }
        }
    }

    fn json(&mut self) -> Result<(Json, After), String> {
        if self.skip_blank() {
            return Ok((Json::Null, After::More));
        }
        let mut values = serde_json::Deserializer::from_str(self.scanner.rest).into_iter::<Json>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(error.to_string()),
            None => Json::Null,
        };
        self.scanner.rest = &self.scanner.rest[values.byte_offset()..];
        self.skip_blank();
        Ok((floats(value), After::More))
    }

    /// Skip blanks and a comma; whether nothing else came before the comma or the end.
    fn skip_blank(&mut self) -> bool {
        self.scanner.rest = self.scanner.rest.trim_start();
        match self.scanner.rest.strip_prefix(',') {
            Some(rest) => {
                self.scanner.rest = rest;
                true
            }
            None => self.scanner.rest.is_empty(),
        }
    }
}

fn too_deep() -> String {
    format!("value name nested level is greater than maximum supported nested level of {MAX_NESTING}")
}

fn typed(text: &str) -> Json {
    for (word, value) in [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)] {
        if text.eq_ignore_ascii_case(word) {
            return value;
        }
    }
    if text == "0" {
        return Json::from(0);
    }
    match text.parse::<i64>() {
        Ok(number) if !text.starts_with('0') => Json::from(number),
        _ => Json::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(expression: &str) -> Result<Json, String> {
        let mut target = Map::new();
        match set(expression, &mut target) {
            Ok(()) => Ok(Json::Object(target)),
            Err(Error::Set { reason, .. }) => Err(reason),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn expressions_set_what_helm_sets() {
        for (expression, wanted) in [
            (
                "a=1,b=true,c=null,d=x,e=0,f=007,g=1.5,h=-3",
                json!({"a": 1, "b": true, "c": null, "d": "x", "e": 0, "f": "007", "g": "1.5", "h": -3}),
            ),
            ("a.b.c=1,a.b.d=2", json!({"a": {"b": {"c": 1, "d": 2}}})),
            ("a={x,y},b=z", json!({"a": ["x", "y"], "b": "z"})),
            ("a={}", json!({"a": [""]})),
            ("a[0].b=1,a[0].c=2,a[2]=x", json!({"a": [{"b": 1, "c": 2}, null, "x"]})),
            ("a[0][1]=x", json!({"a": [[null, "x"]]})),
            ("a\\.b=1,c=x\\,y", json!({"a.b": 1, "c": "x,y"})),
            ("a=", json!({"a": ""})),
            ("a=b=c", json!({"a": "b=c"})),
            ("a={1,true}", json!({"a": [1, true]})),
            ("", json!({})),
            ("=x", json!({})),
            ("a=TRUE", json!({"a": true})),
            ("a=,b=1", json!({"a": "", "b": 1})),
        ] {
            assert_eq!(parsed(expression).unwrap(), wanted, "{expression}");
        }
    }

    #[test]
    fn mistakes_are_told_in_helms_words() {
        for (expression, reason) in [
            ("a", "key \"a\" has no value"),
            ("a.b", "key \"b\" has no value"),
            ("a,b=1", "key \"a\" has no value (cannot end with ,)"),
            ("a={x", "list must terminate with '}'"),
            ("a[x]=1", "error parsing index: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("a[-1]=1", "negative -1 index not allowed"),
            ("a[65537]=1", "index of 65537 is greater than maximum supported index of 65536"),
            ("a[0]x=1", "unexpected data at end of array index: \"x\""),
            (
                "a=1,a.b=2",
                "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}",
            ),
        ] {
            assert_eq!(parsed(expression).unwrap_err(), reason, "{expression}");
        }
        assert!(parsed(&format!("{}=1", "a.".repeat(40))).unwrap_err().contains("nested level"));
    }

    #[test]
    fn json_values_are_read_in_place() {
        let mut target = Map::new();
        set_json("a={\"b\":1,\"c\":[1,2]} ,d=\"x\",e=,f[1]=true", &mut target).unwrap();
        assert_eq!(
            Json::Object(target),
            json!({"a": {"b": 1.0, "c": [1.0, 2.0]}, "d": "x", "e": null, "f": [null, true]})
        );
    }

    #[test]
    fn files_are_read_by_the_caller() {
        let mut target = Map::new();
        let read = |name: &str| if name == "p" { Ok("text\n".to_owned()) } else { Err("no such file".to_owned()) };
        set_file("a.b=p", &mut target, &read).unwrap();
        assert_eq!(Json::Object(target.clone()), json!({"a": {"b": "text\n"}}));
        assert!(set_file("a=q", &mut target, &read).is_err());
    }
}

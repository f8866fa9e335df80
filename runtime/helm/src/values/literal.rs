//! The expressions of `--set-literal`: one name, and everything behind the `=` as it stands.

use serde_json::{Map, Value as Json};

use super::scanner::{MAX_NESTING, Scanner, put, put_at, take_list, take_list_at, take_map, take_map_at};
use crate::Error;

/// Set a value as `--set-literal` does.
///
/// # Errors
/// When the expression cannot be read.
pub fn set_literal(expression: &str, target: &mut Map<String, Json>) -> Result<(), Error> {
    let mut parser = Parser { scanner: Scanner { rest: expression } };
    parser.key(target, 0).map_err(|reason| Error::Set { expression: expression.to_owned(), reason })
}

struct Parser<'a> {
    scanner: Scanner<'a>,
}

impl Parser<'_> {
    fn key(&mut self, target: &mut Map<String, Json>, depth: usize) -> Result<(), String> {
        let (name, stop) = self.scanner.until(&['=', '[', '.'], false);
        let quoted = || crate::text::quote(name.as_bytes());
        if depth > MAX_NESTING {
            return Err(format!(
                "value name nested level is greater than maximum supported nested level of {MAX_NESTING}"
            ));
        }
        match stop {
            None if name.is_empty() => Ok(()),
            None => Err(format!("key {} has no value", quoted())),
            Some('=') => {
                put(target, &name, self.rest());
                Ok(())
            }
            Some('.') => {
                let mut inner = take_map(target, &name)?;
                let done = self.key(&mut inner, depth + 1);
                if inner.is_empty() {
                    return done.and(Err(format!("key map {} has no value", quoted())));
                }
                put(target, &name, Json::Object(inner));
                done
            }
            Some(_) => {
                let index = self.scanner.index(false)?;
                let mut list = take_list(target, &name)?;
                let done = self.item(&mut list, index, depth);
                put(target, &name, Json::Array(list));
                done
            }
        }
    }

    fn item(&mut self, list: &mut Vec<Json>, index: usize, depth: usize) -> Result<(), String> {
        let (text, stop) = self.scanner.until(&['[', '.', '='], false);
        if !text.is_empty() {
            let text = crate::text::quote(text.as_bytes());
            return Err(format!("unexpected data at end of array index: {text}"));
        }
        match stop {
            None => Ok(()),
            Some('=') => {
                let value = self.rest();
                put_at(list, index, value)
            }
            Some('.') => {
                let mut inner = take_map_at(list, index);
                self.key(&mut inner, depth + 1)?;
                put_at(list, index, Json::Object(inner))
            }
            Some(_) if depth > MAX_NESTING => Err("lists are nested too deep".into()),
            Some(_) => {
                let next = self.scanner.index(false)?;
                let mut inner = take_list_at(list, index)?;
                self.item(&mut inner, next, depth + 1)?;
                put_at(list, index, Json::Array(inner))
            }
        }
    }

    fn rest(&mut self) -> Json {
        Json::String(std::mem::take(&mut self.scanner.rest).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_behind_the_sign_is_the_value() {
        let mut target = Map::new();
        set_literal("a.b=x,y={z}\\n", &mut target).unwrap();
        set_literal("l[1].c= 1", &mut target).unwrap();
        assert_eq!(Json::Object(target), json!({"a": {"b": "x,y={z}\\n"}, "l": [null, {"c": " 1"}]}));
        assert!(set_literal("a", &mut Map::new()).is_err());
    }
}

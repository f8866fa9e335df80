//! `--set path=value`: the grammar of the flag, and its effect on the user's overlay.

use serde_json::{Number, Value};

use crate::{
    Error,
    operator::{
        path::Path,
        tree::{Keys, Node, write},
    },
};

/// One flag, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// The path as written, without `spec.`.
    pub path: String,
    /// The value as written.
    pub text: String,
    whole: String,
}

impl Flag {
    /// Read a flag.
    ///
    /// # Errors
    /// When there is not exactly one `=`.
    pub fn parse(flag: &str) -> Result<Self, Error> {
        match flag.split('=').collect::<Vec<_>>().as_slice() {
            [path, text] => {
                Ok(Self { path: path.trim().to_owned(), text: text.trim().to_owned(), whole: flag.to_owned() })
            }
            parts => Err(Error::SetFlag { flag: flag.to_owned(), equals: parts.len() - 1 }),
        }
    }

    /// What the value means: a whole number, a number, a truth value, else a text.
    ///
    /// # Errors
    /// For `inf` and `nan`, which are numbers that no manifest can hold.
    pub fn value(&self) -> Result<Value, Error> {
        if let Ok(whole) = self.text.parse::<i64>() {
            return Ok(Value::from(whole));
        }
        if let Some(float) = float(&self.text) {
            let number = Number::from_f64(float).ok_or_else(|| Error::SetNumber { flag: self.whole.clone() })?;
            return Ok(Value::Number(number));
        }
        Ok(match self.text.as_str() {
            "t" | "T" | "true" | "True" | "TRUE" => Value::Bool(true),
            "f" | "F" | "false" | "False" | "FALSE" => Value::Bool(false),
            text => Value::String(text.replace("\\,", ",")),
        })
    }

    /// The last value that flags give a path, not empty.
    pub fn last<'f>(flags: &'f [Self], path: &str) -> Option<&'f str> {
        let found = flags.iter().rev().find(|flag| flag.path == path);
        found.map(|flag| flag.text.as_str()).filter(|text| !text.is_empty())
    }
}

/// Write all flags, in order, into an overlay.
///
/// # Errors
/// When a path leads nowhere in the overlay. It is the user's own overlay that is written to, not the profile.
pub fn overlaid(overlay: Value, flags: &[Flag]) -> Result<Value, Error> {
    if flags.is_empty() {
        return Ok(overlay);
    }
    let overlay = if overlay.is_null() { Value::Object(serde_json::Map::new()) } else { overlay };
    let mut tree = Node::new(overlay, Keys::Json);
    for flag in flags {
        let path = flag.path.strip_prefix("spec.").unwrap_or(&flag.path);
        let value = flag.value()?;
        write(&mut tree, &Path::parse(&format!("spec.{path}")), Some(value))
            .map_err(|source| Error::SetPath { flag: flag.whole.clone(), source })?;
    }
    Ok(tree.into_value())
}

/// A number with a point or an exponent. Underscores may stand between digits.
fn float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let misplaced = |at: usize| {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        !digit(at.checked_sub(1)) || !digit(at.checked_add(1))
    };
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'_' && misplaced(at)) {
        return None;
    }
    let value: f64 = text.replace('_', "").parse().ok()?;
    // A number too great for a float is a text; `inf` written out is a number.
    (value.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit())).then_some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_have_types() {
        for (text, value) in [
            ("15", json!(15)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("1_000", json!(1000.0)),
            ("t", json!(true)),
            ("False", json!(false)),
            ("yes", json!("yes")),
            ("", json!("")),
            (r"a\,b", json!("a,b")),
            ("0x10", json!("0x10")),
            ("1.2.3", json!("1.2.3")),
            ("1e400", json!("1e400")),
            ("_1", json!("_1")),
        ] {
            assert_eq!(Flag::parse(&format!("a={text}")).unwrap().value().unwrap(), value, "{text}");
        }
        assert!(Flag::parse("a=inf").unwrap().value().is_err());
    }

    #[test]
    fn a_flag_has_one_equals_sign() {
        assert_eq!(
            Flag::parse("values.pilot.env.OPTS").unwrap_err().to_string(),
            "`--set values.pilot.env.OPTS`: expected `path=value`, found no `=`"
        );
        assert_eq!(Flag::parse("a=b=c").unwrap_err().to_string(), "`--set a=b=c`: expected `path=value`, found 2 `=`");
    }

    #[test]
    fn flags_are_written_in_order() {
        let flags: Vec<_> = ["spec.a.b=1", "a.list[0]=x", "a.list[1]=y", "a.list=z", "a.b=2"]
            .iter()
            .map(|flag| Flag::parse(flag).unwrap())
            .collect();
        let overlaid = overlaid(Value::Null, &flags).unwrap();
        assert_eq!(overlaid, json!({"spec": {"a": {"b": 2, "list": ["x", "y", "z"]}}}));
        assert_eq!(Flag::last(&flags, "a.b"), Some("2"));
    }
}

//! A scalar with its quotes and tag taken into account, as a value and as a key.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Number, Value};

use crate::{
    float::go_float_32,
    resolve::{Scalar, resolve},
};

const CORE: &str = "tag:yaml.org,2002:";

/// A scalar that has been resolved, and its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resolved {
    pub scalar: Scalar,
    pub text: String,
}

/// Resolve a scalar of this text. A quoted one is a string; a tag says what it must be, and one that is not of YAML's own
/// leaves a string.
///
/// # Errors
/// The message, when the text is not what the tag says.
pub(crate) fn tagged(text: &str, plain: bool, tag: Option<&str>) -> Result<Resolved, String> {
    let string = || Ok(Resolved { scalar: Scalar::String, text: text.to_owned() });
    let known = |scalar| Ok(Resolved { scalar, text: text.to_owned() });
    let Some(tag) = tag else {
        return if plain { known(resolve(text)) } else { string() };
    };
    let Some(word) = tag.strip_prefix(CORE) else { return string() };
    let found = resolve(text);
    match (word, found) {
        ("binary", _) => Ok(Resolved { scalar: Scalar::String, text: decode(text)? }),
        ("null", Scalar::Null) | ("bool", Scalar::Bool(_)) | ("float", Scalar::Float(_)) => known(found),
        ("int", Scalar::Int(_) | Scalar::Uint(_)) | ("timestamp", Scalar::Timestamp) => known(found),
        // A double cannot hold every integer; that is what the tag asks for.
        ("float", Scalar::Int(int)) => known(Scalar::Float(int as f64)),
        ("null" | "bool" | "float" | "int" | "timestamp", _) => Err(format!("expected `!!{word}`, found `{text}`")),
        _ => string(),
    }
}

/// The text behind `!!binary`. JSON has no bytes, so what is not UTF-8 becomes U+FFFD, byte by byte.
fn decode(text: &str) -> Result<String, String> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = STANDARD.decode(joined).map_err(|_| "expected base64 after `!!binary`".to_owned())?;
    let mut out = String::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    loop {
        match std::str::from_utf8(rest) {
            Ok(good) => return Ok(out + good),
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                out.push_str(&String::from_utf8_lossy(good));
                out.push(char::REPLACEMENT_CHARACTER);
                rest = &bad[1..];
            }
        }
    }
}

/// The value of a scalar; nothing for `.inf` and `.nan`, which JSON has no word for.
pub(crate) fn into_value(Resolved { scalar, text }: Resolved) -> Option<Value> {
    Some(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Int(value) => value.into(),
        Scalar::Uint(value) => value.into(),
        Scalar::Float(value) => Value::Number(Number::from_f64(value)?),
        Scalar::Timestamp | Scalar::String => Value::String(text),
    })
}

/// The key that a scalar becomes: JSON's keys are strings, so `1`, `yes` and `1.5` become `"1"`, `"true"` and `"1.5"`.
///
/// # Errors
/// The message, for null and for numbers beyond 63 bits, which Kubernetes refuses as keys.
pub(crate) fn into_key(Resolved { scalar, text }: Resolved) -> Result<String, String> {
    match scalar {
        Scalar::Null => Err("expected a key, found null".to_owned()),
        Scalar::Bool(value) => Ok(value.to_string()),
        Scalar::Int(value) => Ok(value.to_string()),
        Scalar::Uint(_) => Err(format!("expected a key, found a number beyond 63 bits, `{text}`")),
        Scalar::Float(value) => Ok(go_float_32(value)),
        Scalar::Timestamp | Scalar::String => Ok(text),
    }
}

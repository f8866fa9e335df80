//! Values of scripts to values of the host and back.

use meshrun_host::{Failure, Value};
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};
use serde_json::Number;

/// A script's value as data.
///
/// # Errors
/// `script::arguments` for what is not data: closures, timestamps, numbers that are not finite.
pub fn to_value(value: &Dynamic) -> Result<Value, Failure> {
    let value = value.flatten_clone();
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.into());
    }
    if let Ok(number) = value.as_float() {
        let number = Number::from_f64(number).ok_or_else(|| not_data("a number that is not finite"))?;
        return Ok(Value::Number(number));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Value::String(letter.to_string()));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Value::String(text.to_string()));
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().map(to_value).collect::<Result<_, _>>().map(Value::Array);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let entries = map.iter().map(|(key, value)| Ok((key.to_string(), to_value(value)?)));
        return entries.collect::<Result<_, Failure>>().map(Value::Object);
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Value::Array(bytes.iter().map(|byte| Value::from(*byte)).collect()));
    }
    Err(not_data(&format!("a value of type `{}`", value.type_name())))
}

fn not_data(found: &str) -> Failure {
    let message = format!("expected data (numbers, strings, booleans, arrays, maps), found {found}");
    Failure::new("script::arguments", message)
}

/// Data as a script's value. Whole numbers beyond 64 signed bits become floats.
pub fn to_dynamic(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => flag.into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(to_dynamic).collect::<Array>().into(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key.into(), to_dynamic(value))).collect::<Map>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_survives_the_way_there_and_back() {
        let value = json!({ "a": [1, 2.5, "x", null, true, { "b": [] }], "c": -9_007_199_254_740_993_i64 });
        assert_eq!(to_value(&to_dynamic(value.clone())).unwrap(), value);
    }

    #[test]
    fn a_closure_is_not_data() {
        let engine = rhai::Engine::new();
        let closure: Dynamic = engine.eval("|x| x").unwrap();
        assert!(to_value(&closure).unwrap_err().message.contains("`Fn`"));
    }
}

//! Numbers as Go prints them in texts: `1000000` that went through JSON is `1e+06`.

use serde_json::Value;

/// A value as Go's `%v` prints what was read from JSON, where every number is a float.
pub fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), float),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let entries = entries.into_iter().map(|(key, value)| format!("{key}:{}", printed(value)));
            format!("map[{}]", entries.collect::<Vec<_>>().join(" "))
        }
    }
}

/// A value as Go's `%v` prints what was read from YAML, where whole numbers stay whole.
pub fn printed_from_yaml(value: &Value) -> String {
    match value {
        Value::Number(number) if !number.is_f64() => number.to_string(),
        other => printed(other),
    }
}

/// Go's shortest form: with an exponent when that is below -4 or above 5.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_from_json_print_as_floats() {
        for (value, text) in [
            (json!(15), "15"),
            (json!(999_999), "999999"),
            (json!(1_000_000), "1e+06"),
            (json!(12_345_678), "1.2345678e+07"),
            (json!(0.5), "0.5"),
            (json!(0.000_01), "1e-05"),
            (json!(0), "0"),
            (json!([1, "a", null]), "[1 a <nil>]"),
            (json!({"b": true, "a": 1}), "map[a:1 b:true]"),
        ] {
            assert_eq!(printed(&value), text);
        }
        assert_eq!(printed_from_yaml(&json!(1_000_000)), "1000000");
    }
}

//! YAML, JSON and TOML as Helm reads and writes them: mistakes become part of the result.

use serde_json::Value as Json;

use super::{ANY, TEXT, arguments::text, fixed, toml};
use crate::template::{
    function::Function,
    json::{self, Integers},
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("toYaml", &[ANY], |_, a| Ok(Value::text(to_yaml(&a[0])))),
    fixed("fromYaml", &[TEXT], |_, a| Ok(read_map(parse_yaml(&text(&a[0])), true))),
    fixed("fromYamlArray", &[TEXT], |_, a| Ok(read_list(parse_yaml(&text(&a[0])), true))),
    fixed("fromJson", &[TEXT], |_, a| Ok(read_map(json::parse(&text(&a[0])), false))),
    fixed("fromJsonArray", &[TEXT], |_, a| Ok(read_list(json::parse(&text(&a[0])), false))),
    fixed("toToml", &[ANY], |_, a| Ok(Value::text(toml::write(&a[0])))),
];

fn to_yaml(value: &Value) -> String {
    // What JSON cannot hold is written as nothing.
    let yaml = json::to_json(value).map(|json| meshrun_yaml::to_string(&json)).unwrap_or_default();
    yaml.strip_suffix('\n').map(str::to_owned).unwrap_or(yaml)
}

fn parse_yaml(text: &str) -> Result<Json, String> {
    meshrun_yaml::parse(text).map_err(|error| format!("error converting YAML to JSON: {error}"))
}

fn read_map(parsed: Result<Json, String>, yaml: bool) -> Value {
    match parsed {
        Ok(Json::Null) => Value::map(Default::default()),
        Ok(json @ Json::Object(_)) => json::from_json(&json, Integers::Floats),
        Ok(other) => json::single("Error", Value::text(wrong_type(&other, "map[string]interface {}", yaml))),
        Err(message) => json::single("Error", Value::text(message)),
    }
}

fn read_list(parsed: Result<Json, String>, yaml: bool) -> Value {
    match parsed {
        Ok(Json::Null) => Value::list(Vec::new()),
        Ok(json @ Json::Array(_)) => json::from_json(&json, Integers::Floats),
        Ok(other) => Value::list(vec![Value::text(wrong_type(&other, "[]interface {}", yaml))]),
        Err(message) => Value::list(vec![Value::text(message)]),
    }
}

fn wrong_type(json: &Json, wanted: &str, yaml: bool) -> String {
    let found = match json {
        Json::Array(_) => "array",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        _ => "object",
    };
    let prefix = if yaml { "error unmarshaling JSON: while decoding JSON: " } else { "" };
    format!("{prefix}json: cannot unmarshal {found} into Go value of type {wanted}")
}

//! Objects of kinds that definitions make: what their schema fills in, prunes and refuses.
//!
//! Rules in CEL (`x-kubernetes-validations`) are not evaluated; whoever makes such a definition is warned.

use serde_json::Value;

use super::{object, status::Cause};

/// Fill in the defaults of a schema.
pub(super) fn fill(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(map) => {
            for (name, part) in schema["properties"].as_object().into_iter().flatten() {
                let is_missing = map.get(name).is_none_or(|value| value.is_null() && part["nullable"] != true);
                if let Some(default) = part.get("default").filter(|_| is_missing) {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(name) {
                    fill(value, part);
                }
            }
            if let Some(more) = schema.get("additionalProperties").filter(|more| more.is_object()) {
                map.values_mut().for_each(|value| fill(value, more));
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|value| fill(value, schema));
            }
        }
        _ => {}
    }
}

/// Take out what the schema of an object does not know. Returns its paths.
pub(super) fn prune(value: &mut Value, schema: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    prune_at(value, schema, "", &mut unknown, true);
    unknown
}

fn prune_at(value: &mut Value, schema: &Value, path: &str, unknown: &mut Vec<String>, is_root: bool) {
    match value {
        Value::Object(map) => {
            let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true;
            let is_object = is_root || schema["x-kubernetes-embedded-resource"] == true;
            let mut gone = Vec::new();
            for (key, part) in map.iter_mut() {
                let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if is_object && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
                    continue;
                }
                match (schema["properties"].get(key), schema.get("additionalProperties")) {
                    (Some(schema), _) => prune_at(part, schema, &place, unknown, false),
                    (None, Some(Value::Bool(true))) => {}
                    (None, Some(schema)) if schema.is_object() => prune_at(part, schema, &place, unknown, false),
                    _ if keeps => {}
                    _ => {
                        unknown.push(place);
                        gone.push(key.clone());
                    }
                }
            }
            for key in gone {
                map.remove(&key);
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (index, part) in items.iter_mut().enumerate() {
                    prune_at(part, schema, &format!("{path}[{index}]"), unknown, false);
                }
            }
        }
        _ => {}
    }
}

/// What the schema of an object refuses.
pub(super) fn validate(value: &Value, schema: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    check(value, schema, "", &mut causes);
    causes
}

fn check(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if !has_type(value, schema) {
        let wanted = object::text(schema, "/type");
        let found = type_of(value);
        causes.push(invalid(path, &format!("\"{found}\""), &format!("must be of type {wanted}: \"{found}\"")));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        causes.push(Cause {
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: {value}: supported values: {}", allowed.join(", ")),
            field: path.to_owned(),
        });
    }
    match value {
        Value::Object(map) => check_map(map, schema, path, causes),
        Value::Array(items) => check_list(items, schema, path, causes),
        Value::String(text) => check_text(text, schema, path, causes),
        Value::Number(_) => check_number(value, schema, path, causes),
        _ => {}
    }
    check_junctors(value, schema, path, causes);
}

fn check_map(map: &serde_json::Map<String, Value>, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            causes.push(Cause {
                reason: "FieldValueRequired",
                message: "Required value".to_owned(),
                field: join(path, name),
            });
        }
    }
    for (key, part) in map {
        if path.is_empty() && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        let inner = schema["properties"].get(key);
        if let Some(schema) = inner.or_else(|| schema.get("additionalProperties").filter(|more| more.is_object())) {
            check(part, schema, &join(path, key), causes);
        }
    }
}

fn check_list(items: &[Value], schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let count = items.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|least| count < least) {
        causes.push(invalid(path, &count.to_string(), &format!("should have at least {} items", schema["minItems"])));
    }
    if schema["maxItems"].as_u64().is_some_and(|most| count > most) {
        causes.push(Cause {
            reason: "FieldValueTooMany",
            message: format!("Too many: {count}: must have at most {} items", schema["maxItems"]),
            field: path.to_owned(),
        });
    }
    if let Some(schema) = schema.get("items") {
        for (index, part) in items.iter().enumerate() {
            check(part, schema, &format!("{path}[{index}]"), causes);
        }
    }
}

fn check_text(text: &str, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let shown = format!("\"{text}\"");
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|least| length < least) {
        causes.push(invalid(path, &shown, &format!("should be at least {} chars long", schema["minLength"])));
    }
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        causes.push(Cause {
            reason: "FieldValueTooLong",
            message: format!("Too long: may not be longer than {most}"),
            field: path.to_owned(),
        });
    }
    // A pattern that is none refuses nothing.
    let misses = |pattern: &&str| regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text));
    if let Some(pattern) = schema["pattern"].as_str().filter(misses) {
        causes.push(invalid(path, &shown, &format!("should match '{pattern}'")));
    }
}

fn check_number(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let number = value.as_f64().unwrap_or_default();
    if schema["minimum"].as_f64().is_some_and(|least| number < least) {
        let text = format!("should be greater than or equal to {}", schema["minimum"]);
        causes.push(invalid(path, &value.to_string(), &text));
    }
    if schema["maximum"].as_f64().is_some_and(|most| number > most) {
        let text = format!("should be less than or equal to {}", schema["maximum"]);
        causes.push(invalid(path, &value.to_string(), &text));
    }
}

fn check_junctors(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let fits = |schema: &Value| {
        let mut found = Vec::new();
        check_untyped(value, schema, path, &mut found);
        found.is_empty()
    };
    let shown = if path.is_empty() { "<nil>" } else { path };
    if let Some(all) = schema["oneOf"].as_array() {
        let count = all.iter().filter(|one| fits(one)).count();
        if count != 1 {
            let found = if count == 0 { "none" } else { "more than one" };
            let text = format!(
                "Invalid value: \"\": \"{path}\" must validate one and only one schema (oneOf). Found {found} valid"
            );
            causes.push(Cause { reason: "FieldValueInvalid", message: text, field: shown.to_owned() });
        }
    }
    if schema["anyOf"].as_array().is_some_and(|all| !all.iter().any(fits)) {
        let text = format!("Invalid value: \"\": \"{path}\" must validate at least one schema (anyOf)");
        causes.push(Cause { reason: "FieldValueInvalid", message: text, field: shown.to_owned() });
    }
    if schema.get("not").is_some_and(fits) {
        let text = format!("Invalid value: \"\": \"{path}\" must not validate the schema (not)");
        causes.push(Cause { reason: "FieldValueInvalid", message: text, field: shown.to_owned() });
    }
    for one in schema["allOf"].as_array().into_iter().flatten() {
        check_untyped(value, one, path, causes);
    }
}

/// A schema within a junctor has no type of its own.
fn check_untyped(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    check(value, schema, path, causes);
}

fn has_type(value: &Value, schema: &Value) -> bool {
    if schema["x-kubernetes-int-or-string"] == true {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        Some("number") => value.is_number(),
        _ => true,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn invalid(path: &str, shown: &str, text: &str) -> Cause {
    let message = format!("Invalid value: {shown}: {path} in body {text}");
    Cause { reason: "FieldValueInvalid", message, field: path.to_owned() }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_fills_in_prunes_and_refuses() {
        let schema = json!({ "type": "object", "properties": { "spec": { "type": "object", "required": ["size"], "properties": {
            "size": { "type": "integer", "minimum": 1 }, "mode": { "type": "string", "enum": ["a", "b"], "default": "a" },
        } } } });
        let mut value = json!({ "kind": "X", "spec": { "size": "big", "other": 1 } });
        fill(&mut value, &schema);
        assert_eq!(prune(&mut value, &schema), ["spec.other"]);
        assert_eq!(value["spec"], json!({ "size": "big", "mode": "a" }));
        let texts = |value: &Value| {
            validate(value, &schema)
                .into_iter()
                .map(|cause| format!("{}: {}", cause.field, cause.message))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            texts(&value),
            ["spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""]
        );
        assert_eq!(
            texts(&json!({ "spec": { "mode": "c" } })),
            ["spec.size: Required value", "spec.mode: Unsupported value: \"c\": supported values: \"a\", \"b\""]
        );
    }
}

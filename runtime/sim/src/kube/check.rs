//! Whether an object of Kubernetes' own kinds has the fields and types that it must have, as the server says when it does not.

use serde_json::Value;

use super::{
    quantity,
    types::{self, Field, Shape, Type},
};

/// What is wrong with the form of an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Fields that nobody knows: `spec.prots`, `spec.containers[0].imag`.
    pub(super) unknown: Vec<String>,
    /// The first value of a wrong type, in the words of the server's decoder.
    pub(super) mistyped: Option<String>,
    /// The same in the words of the merger of applies: path, and what was expected and found.
    pub(super) mismatch: Option<String>,
}

/// Look at an object, and take the fields out of it that nobody knows.
pub(super) fn prune(value: &mut Value, api_version: &str, kind: &str) -> Findings {
    let mut findings = Findings::default();
    if let Some(of) = types::root(api_version, kind) {
        visit_type(value, of, kind, "", &mut findings, true);
    }
    findings
}

fn visit_type(value: &mut Value, of: &Type, name: &str, path: &str, findings: &mut Findings, is_root: bool) {
    let Value::Object(map) = value else {
        if !value.is_null() {
            mistyped(value, "", name, path, findings);
        }
        return;
    };
    let mut unknown = Vec::new();
    for (key, part) in map.iter_mut() {
        let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match of.field(key) {
            Some(field) => visit(part, &field.shape, &place, (name, field), findings),
            None if (is_root || of.field("metadata").is_some()) && matches!(key.as_str(), "apiVersion" | "kind") => {}
            None => {
                findings.unknown.push(place);
                unknown.push(key.clone());
            }
        }
    }
    for key in unknown {
        map.remove(&key);
    }
}

fn visit(value: &mut Value, shape: &Shape, path: &str, of: (&str, &Field), findings: &mut Findings) {
    let fits = match (shape, &*value) {
        (_, Value::Null) | (Shape::Any, _) => true,
        (Shape::Text | Shape::Time | Shape::Bytes, value) => value.is_string(),
        (Shape::Bool, value) => value.is_boolean(),
        (Shape::Int, value) => value.is_i64() || value.is_u64(),
        (Shape::Number, value) => value.is_number(),
        (Shape::Quantity | Shape::IntOrText, value) => value.is_string() || value.is_number(),
        (Shape::List(_), value) => value.is_array(),
        (Shape::Map(_) | Shape::Type(_), value) => value.is_object(),
    };
    if !fits {
        mistyped(value, go_name(shape), of.0, path, findings);
        return;
    }
    match (shape, value) {
        (Shape::Quantity, value) => quantity::normalize(value),
        (Shape::List(item), Value::Array(items)) => {
            for (index, part) in items.iter_mut().enumerate() {
                visit(part, item, &format!("{path}[{index}]"), of, findings);
            }
        }
        (Shape::Map(item), Value::Object(map)) => {
            for (key, part) in map.iter_mut() {
                visit(part, item, &format!("{path}.{key}"), of, findings);
            }
        }
        (Shape::Type(name), value @ Value::Object(_)) => {
            if let Some(inner) = types::named(name) {
                visit_type(value, inner, name.rsplit('.').next().unwrap_or(name), path, findings, false);
            }
        }
        _ => {}
    }
}

fn go_name(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Bytes => "string",
        Shape::Int => "int32",
        Shape::Number => "float64",
        Shape::Bool => "bool",
        Shape::Map(_) => "map[string]string",
        Shape::List(_) => "[]string",
        _ => "",
    }
}

fn mistyped(value: &Value, wanted: &str, owner: &str, path: &str, findings: &mut Findings) {
    let found = match value {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Array(_) => "array",
        _ => "object",
    };
    let plain: String =
        path.split('.').map(|step| step.split('[').next().unwrap_or(step)).collect::<Vec<_>>().join(".");
    findings.mistyped.get_or_insert_with(|| {
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{plain} of type {wanted}")
    });
    let expected = match wanted {
        "int32" => "numeric (int or float)",
        "float64" => "numeric (int or float)",
        "bool" => "boolean",
        "string" => "string",
        "[]string" => "list",
        _ => "map",
    };
    findings.mismatch.get_or_insert_with(|| format!(".{path}: expected {expected}, got {found}"));
}

/// The fields that an object must have and has not: each with its path. Only what is there is looked into.
pub(super) fn missing(value: &Value, api_version: &str, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(of) = types::root(api_version, kind) {
        look(value, of, "", &mut found);
    }
    found
}

fn look(value: &Value, of: &Type, path: &str, found: &mut Vec<String>) {
    for field in &of.fields {
        let place = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
        match value.get(&field.name) {
            None | Some(Value::Null) if field.required => found.push(place),
            None | Some(Value::Null) => {}
            Some(part) if field.name != "status" || !path.is_empty() => look_into(part, &field.shape, &place, found),
            Some(_) => {}
        }
    }
}

fn look_into(value: &Value, shape: &Shape, path: &str, found: &mut Vec<String>) {
    match shape {
        Shape::Type(name) => {
            if let Some(of) = types::named(name) {
                look(value, of, path, found);
            }
        }
        Shape::List(item) => {
            for (index, part) in value.as_array().into_iter().flatten().enumerate() {
                look_into(part, item, &format!("{path}[{index}]"), found);
            }
        }
        Shape::Map(item) => {
            for (key, part) in value.as_object().into_iter().flatten() {
                look_into(part, item, &format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_and_wrong_types_are_found() {
        let mut service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a", "lables": {} },
            "spec": { "prots": [], "ports": [{ "port": "80" }] } });
        let findings = prune(&mut service, "v1", "Service");
        assert_eq!(findings.unknown, ["metadata.lables", "spec.prots"]);
        assert_eq!(
            findings.mistyped.unwrap(),
            "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32"
        );
        assert!(service["spec"].get("prots").is_none());
    }

    #[test]
    fn what_must_be_there_is_missed() {
        let pod = json!({ "metadata": { "name": "a" }, "spec": { "containers": [{ "image": "x" }] } });
        assert_eq!(missing(&pod, "v1", "Pod"), ["spec.containers[0].name"]);
    }
}

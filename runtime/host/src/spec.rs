//! What an operation declares of itself. Registration, documentation, completion and checks follow from it.

use std::time::Duration;

use serde::Serialize;
use serde_json::Map;

use crate::{Class, Value};

/// What an operation changes outside the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing, and it looks at nothing: the same arguments give the same result.
    Pure,
    /// Nothing, but it looks at the outside.
    Reads,
    /// It makes something so; a repeat finds it so.
    Changes,
    /// It runs what it is given; what that changes is not known here.
    Runs,
}

/// An operation as data.
#[derive(Debug, Clone, Serialize)]
pub struct Spec {
    /// `module::verb_noun`.
    pub name: &'static str,
    /// The manual: first line an imperative sentence.
    pub doc: String,
    /// The parameters, positional ones first.
    pub parameters: Vec<Parameter>,
    /// What comes back, in words.
    pub returns: &'static str,
    /// What it changes.
    pub effect: Effect,
    /// What it needs to be allowed.
    pub permissions: &'static [Class],
    /// The codes it may fail with, besides those of every call.
    pub failures: &'static [&'static str],
    /// A script that runs.
    pub example: &'static str,
    /// How long it may take to clean up after a cancellation.
    #[serde(skip)]
    pub grace: Duration,
    /// The JSON schema of the request.
    pub schema: Value,
}

/// A parameter as data.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    /// Its name; also its key in the options map.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// Its type in the words of scripts: `string`, `int`, `duration`, `list of string`.
    pub kind: String,
    /// Whether a call must give it.
    pub required: bool,
    /// Whether it is given by position.
    pub positional: bool,
    /// What holds when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether its value may be a map.
    #[serde(skip)]
    pub takes_map: bool,
}

impl Spec {
    /// `kind` of `kind::create_cluster`; empty for a function without module.
    pub fn module(&self) -> &'static str {
        self.name.rsplit_once("::").map_or("", |(module, _)| module)
    }

    /// `create_cluster` of `kind::create_cluster`.
    pub fn verb(&self) -> &'static str {
        self.name.rsplit_once("::").map_or(self.name, |(_, verb)| verb)
    }

    /// The first sentence of the manual.
    pub fn summary(&self) -> &str {
        let first = self.doc.split("\n\n").next().unwrap_or_default();
        first.find(". ").map_or(first, |end| &first[..=end])
    }

    /// The positional parameters in order.
    pub fn positionals(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.positional)
    }

    /// The parameters of the options map.
    pub fn options(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !parameter.positional)
    }

    /// How it is called: `kind::create_cluster(name, #{ … })`; optional positionals carry a question mark.
    pub fn signature(&self) -> String {
        let mark = |parameter: &Parameter| format!("{}{}", parameter.name, if parameter.required { "" } else { "?" });
        let mut shown: Vec<String> = self.positionals().map(mark).collect();
        if self.options().next().is_some() {
            shown.push("#{ … }".to_owned());
        }
        format!("{}({})", self.name, shown.join(", "))
    }
}

/// The parameters that a request's schema describes, positional ones first.
pub(crate) fn parameters(schema: &Value, positional: &[&str]) -> Vec<Parameter> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let named = |name: &str| {
        properties.get(name).map(|property| Parameter {
            name: name.to_owned(),
            doc: property.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            kind: kind(property, schema),
            required: required.contains(&name),
            positional: positional.contains(&name),
            default: property.get("default").filter(|value| !value.is_null()).cloned(),
            takes_map: takes_map(property, schema),
        })
    };
    let options = properties.keys().map(String::as_str).filter(|name| !positional.contains(name));
    positional.iter().copied().chain(options).filter_map(named).collect()
}

/// Follow `$ref` into the schema's definitions.
pub(crate) fn resolve<'a>(property: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(path) = property.get("$ref").and_then(Value::as_str) else { return property };
    schema.pointer(path.trim_start_matches('#')).unwrap_or(property)
}

/// The alternatives of a property, without null.
pub(crate) fn alternatives<'a>(property: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let property = resolve(property, schema);
    let listed = property.get("anyOf").or_else(|| property.get("oneOf")).and_then(Value::as_array);
    match listed {
        Some(all) => all
            .iter()
            .flat_map(|one| alternatives(one, schema))
            .filter(|one| one.get("type") != Some(&"null".into()))
            .collect(),
        None => vec![property],
    }
}

/// The names of JSON types of one alternative, without null; empty means anything.
fn types(one: &Value) -> Vec<&str> {
    match one.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        _ => Vec::new(),
    }
}

fn takes_map(property: &Value, schema: &Value) -> bool {
    alternatives(property, schema).into_iter().any(|one| {
        let types = types(one);
        (types.is_empty() && one.get("enum").is_none() && one.get("const").is_none()) || types.contains(&"object")
    })
}

/// A type in the words of scripts.
pub(crate) fn kind(property: &Value, schema: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    for one in alternatives(property, schema) {
        let word = kind_of_one(one, schema);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.len() > 1 && words.iter().all(|word| word.starts_with('"')) {
        return words.join(" or ");
    }
    words.join(" or ")
}

fn kind_of_one(one: &Value, schema: &Value) -> String {
    if let Some(value) = one.get("const") {
        return value.to_string();
    }
    if let Some(values) = one.get("enum").and_then(Value::as_array) {
        return values.iter().filter(|value| !value.is_null()).map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    let format = one.get("format").and_then(Value::as_str).filter(|format| {
        !["int64", "int32", "uint", "uint8", "uint16", "uint32", "uint64", "double", "float"].contains(format)
    });
    if let Some(format) = format {
        return format.replace('-', " ");
    }
    let named = types(one).into_iter().map(|name| match name {
        "array" => match one.get("items") {
            Some(items) if items.is_object() => format!("list of {}", kind(items, schema)),
            _ => "list".to_owned(),
        },
        "object" => match one.get("additionalProperties") {
            Some(values) if values.is_object() => format!("map of {}", kind(values, schema)),
            _ => "map".to_owned(),
        },
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "boolean" => "bool".to_owned(),
        other => other.to_owned(),
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "any".to_owned() } else { named.join(" or ") }
}

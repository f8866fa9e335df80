//! Arguments into a request: names checked with the nearest known one, types and units with their path; and back into
//! something to show, with secrets masked.

use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::{Failure, Spec, Value, spec};

/// Turn positional arguments and an options map into one map of named arguments.
///
/// # Errors
/// `script::arguments` when there are too many or too few, or one is given twice.
pub fn bind(spec: &Spec, mut given: Vec<Value>) -> Result<Map<String, Value>, Failure> {
    let positionals: Vec<_> = spec.positionals().collect();
    let options = options_at_end(spec, &positionals, &mut given);
    if given.len() > positionals.len() {
        let message =
            format!("`{}` takes {}, found {}", spec.name, count(positionals.len(), "positional argument"), given.len());
        return Err(wrong(spec, message));
    }
    let mut named = Map::new();
    for (parameter, value) in positionals.iter().zip(given) {
        if !value.is_null() {
            named.insert(parameter.name.clone(), value);
        }
    }
    for (name, value) in options {
        if named.contains_key(&name) {
            return Err(wrong(spec, format!("`{}` gets `{name}` twice, by position and as an option", spec.name)));
        }
        named.insert(name, value);
    }
    if let Some(missing) =
        spec.parameters.iter().find(|parameter| parameter.required && !named.contains_key(&parameter.name))
    {
        return Err(wrong(spec, format!("`{}` needs `{}`: {}", spec.name, missing.name, missing.kind)));
    }
    Ok(named)
}

/// The map at the end is the options map, unless it is the value of a positional parameter that takes maps.
fn options_at_end(spec: &Spec, positionals: &[&crate::Parameter], given: &mut Vec<Value>) -> Map<String, Value> {
    let Some(Value::Object(_)) = given.last() else { return Map::new() };
    let is_positional = positionals.get(given.len() - 1).is_some_and(|parameter| parameter.takes_map);
    let has_options = spec.parameters.len() > positionals.len() || given.len() > positionals.len();
    if is_positional || !(has_options || spec.options().next().is_some()) {
        return Map::new();
    }
    match given.pop() {
        Some(Value::Object(options)) => options,
        _ => Map::new(),
    }
}

/// Turn named arguments into the request.
///
/// # Errors
/// `script::arguments` naming the parameter, its type or unit, and the nearest known name.
pub fn parse<T: DeserializeOwned>(spec: &Spec, named: Map<String, Value>) -> Result<T, Failure> {
    check_names(spec, &named, &spec.schema, "")?;
    serde_path_to_error::deserialize(Value::Object(named)).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner().to_string();
        let at = if path == "." || path == "?" { String::new() } else { format!("`{path}`: ") };
        wrong(spec, format!("`{}`: {at}{inner}", spec.name))
    })
}

/// Refuse names that the schema does not have, at any depth where it lists names.
fn check_names(spec: &Spec, given: &Map<String, Value>, schema: &Value, path: &str) -> Result<(), Failure> {
    let Some(known) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
    let closed = schema.get("additionalProperties") != Some(&json!(true))
        && !schema.get("additionalProperties").is_some_and(Value::is_object);
    for (name, value) in given {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let Some(property) = known.get(name) else {
            if closed {
                return Err(unknown(spec, &here, name, known.keys().map(String::as_str)));
            }
            continue;
        };
        check_value(spec, value, property, &here)?;
    }
    Ok(())
}

fn check_value(spec: &Spec, value: &Value, property: &Value, path: &str) -> Result<(), Failure> {
    match value {
        Value::Object(map) => {
            let shapes: Vec<_> = spec::alternatives(property, &spec.schema)
                .into_iter()
                .filter(|one| one.get("properties").is_some())
                .collect();
            match shapes.as_slice() {
                [one] => check_names(spec, map, one, path),
                _ => Ok(()),
            }
        }
        Value::Array(items) => {
            let Some(each) = spec::alternatives(property, &spec.schema).into_iter().find_map(|one| one.get("items"))
            else {
                return Ok(());
            };
            items.iter().enumerate().try_for_each(|(at, item)| check_value(spec, item, each, &format!("{path}[{at}]")))
        }
        _ => Ok(()),
    }
}

fn unknown<'a>(spec: &Spec, path: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let failure = Failure::new("script::unknown_option", format!("`{}` has no option `{path}`", spec.name));
    match nearest(name, known.iter().copied()) {
        Some(near) => failure.with_help(format!("did you mean `{near}`?")),
        None => failure.with_help(format!(
            "known are {}",
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// The known name that is most like this one, when one is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// The arguments as an event may show them: secrets masked, maps, lists and long texts cut.
pub fn shown(spec: &Spec, named: &Map<String, Value>) -> Value {
    let properties = spec.schema.get("properties");
    let show = |(name, value): (&String, &Value)| {
        let property = properties.and_then(|all| all.get(name)).unwrap_or(&Value::Null);
        let secret = spec::alternatives(property, &spec.schema)
            .iter()
            .any(|one| one.get("format").and_then(Value::as_str) == Some("secret"));
        let shown = match value {
            _ if secret => json!("<secret>"),
            Value::String(text) if text.chars().count() > 80 || text.contains('\n') => json!("<text>"),
            Value::Array(items) if items.len() > 8 || items.iter().any(|item| item.is_array() || item.is_object()) => {
                json!(format!("<list of {}>", items.len()))
            }
            Value::Object(map) => {
                map.get("name").filter(|name| name.is_string()).cloned().unwrap_or_else(|| json!("<map>"))
            }
            other => other.clone(),
        };
        (name.clone(), shown)
    };
    Value::Object(named.iter().map(show).collect())
}

fn wrong(spec: &Spec, message: String) -> Failure {
    Failure::new("script::arguments", message).with_help(format!(
        "it is called as `{}`; see `meshrun docs {}`",
        spec.signature(),
        spec.name
    ))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

//! Checking values against values.schema.json, of the chart and of those inside.

use jsonschema::{
    Draft, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::{Map, Number, Value as Json};

use crate::{Chart, Error};

/// Check the values; they are coalesced, so that each chart inside has a table of its own.
pub(crate) fn validate(chart: &Chart, values: &Map<String, Json>) -> Result<(), Error> {
    let mut report = String::new();
    check(chart, &integers(Json::Object(values.clone())), &mut report);
    if report.is_empty() { Ok(()) } else { Err(Error::Schema { report }) }
}

fn check(chart: &Chart, values: &Json, report: &mut String) {
    if let Some(schema) = &chart.schema {
        let problems = problems(schema, values);
        if !problems.is_empty() {
            report.push_str(&format!("{}:\n{problems}", chart.metadata.name));
        }
    }
    for inside in &chart.dependencies {
        check(inside, values.get(&inside.metadata.name).unwrap_or(&Json::Null), report);
    }
}

/// Numbers without a fraction as integers, as they come out of YAML.
fn integers(json: Json) -> Json {
    match json {
        Json::Number(number) => match number.as_f64().filter(|value| value.trunc() == *value && value.abs() < 9.2e18) {
            Some(value) if number.is_f64() => Json::Number(Number::from(value as i64)),
            _ => Json::Number(number),
        },
        Json::Array(items) => Json::Array(items.into_iter().map(integers).collect()),
        Json::Object(entries) => Json::Object(entries.into_iter().map(|(key, value)| (key, integers(value))).collect()),
        other => other,
    }
}

fn problems(schema: &[u8], values: &Json) -> String {
    let schema: Json = match serde_json::from_slice(schema) {
        Ok(schema) => schema,
        Err(error) => return format!("unable to validate schema: {error}"),
    };
    let named = schema.get("$schema").is_some();
    let mut options = jsonschema::options();
    if !named {
        options = options.with_draft(Draft::Draft7);
    }
    let validator = match options.build(&schema) {
        Ok(validator) => validator,
        Err(error) => return format!("unable to validate schema: {error}\n"),
    };
    validator.iter_errors(values).flat_map(|error| lines(&error)).map(|line| format!("- {line}\n")).collect()
}

/// What is wrong, worded as Helm's validator words it.
fn lines(error: &ValidationError<'_>) -> Vec<String> {
    let path = error.instance_path().to_string();
    let field = match path.trim_start_matches('/').replace('/', ".") {
        field if field.is_empty() => "(root)".to_owned(),
        field => field.replace("~1", "/").replace("~0", "~"),
    };
    let one = |text: String| vec![format!("{field}: {text}")];
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| format!("{field}: Additional property {name} is not allowed")).collect()
        }
        Kind::Required { property } => one(format!("{} is required", plain(property))),
        Kind::Type { kind } => {
            one(format!("Invalid type. Expected: {}, given: {}", types(kind), given(error.instance())))
        }
        Kind::Enum { options } => {
            let options = options.as_array().map(|all| all.iter().map(Json::to_string).collect::<Vec<_>>().join(", "));
            one(format!("{field} must be one of the following: {}", options.unwrap_or_default()))
        }
        Kind::Constant { expected_value } => one(format!("{field} does not match: {expected_value}")),
        Kind::Minimum { limit } => one(format!("Must be greater than or equal to {limit}")),
        Kind::Maximum { limit } => one(format!("Must be less than or equal to {limit}")),
        Kind::ExclusiveMinimum { limit } => one(format!("Must be greater than {limit}")),
        Kind::ExclusiveMaximum { limit } => one(format!("Must be less than {limit}")),
        Kind::MinLength { limit } => one(format!("String length must be greater than or equal to {limit}")),
        Kind::MaxLength { limit } => one(format!("String length must be less than or equal to {limit}")),
        Kind::MinItems { limit } => one(format!("Array must have at least {limit} items")),
        Kind::MaxItems { limit } => one(format!("Array must have at most {limit} items")),
        Kind::MinProperties { limit } => one(format!("Must have at least {limit} properties")),
        Kind::MaxProperties { limit } => one(format!("Must have at most {limit} properties")),
        Kind::Pattern { pattern } => one(format!("Does not match pattern '{pattern}'")),
        Kind::Format { format } => one(format!("Does not match format '{format}'")),
        Kind::UniqueItems => one("array items must be unique".into()),
        Kind::AnyOf { context } => with_closest(one("Must validate at least one schema (anyOf)".into()), context),
        Kind::OneOfNotValid { context } => {
            with_closest(one("Must validate one and only one schema (oneOf)".into()), context)
        }
        Kind::OneOfMultipleValid { .. } => one("Must validate one and only one schema (oneOf)".into()),
        Kind::Not { .. } => one("Must not validate the schema (not)".into()),
        Kind::FalseSchema => one("False always fails validation".into()),
        Kind::MultipleOf { multiple_of } => one(format!("Must be a multiple of {multiple_of}")),
        _ => one(error.to_string()),
    }
}

/// The lines, and what is wrong with the alternative that comes closest.
fn with_closest(mut all: Vec<String>, alternatives: &[Vec<ValidationError<'static>>]) -> Vec<String> {
    let closest = alternatives.iter().min_by_key(|errors| errors.len());
    all.extend(closest.into_iter().flatten().flat_map(lines));
    all
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join("/"),
    }
}

fn given(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

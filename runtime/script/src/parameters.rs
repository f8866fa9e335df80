//! `parameters`: what a script takes from its command line, declared once.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use clap::{Arg, ArgAction, ArgMatches, Command, error::ErrorKind, parser::ValueSource};
use meshrun_host::Failure;
use meshrun_terms::{Bytes, Cidr, ClusterName, Image, Timeout};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Position};
use serde::Deserialize;
use serde_json::Value;

use crate::{Ended, control::Entry, convert, failure, shared::Shared};

pub const TOPIC: Entry = Entry {
    name: "parameters",
    signature: "parameters(declarations)",
    doc: "Declare what the script takes from its command line, and return the values as a map.\n\n\
          From the declarations and the script's `//!` lines follow `--help`, the checks of names, types and units, and completion. \
          A value comes from the command line, else from the environment variable, else it is the default, else `()`.\n\n\
          A declaration is a map: `name`, which is also the flag, `--name`; `type`: \"string\" (the default), \"int\", \"bool\" (a flag without value), \
          \"duration\", \"size\", \"cidr\", \"image\", \"cluster-name\", \"list\" (given several times or with commas), \"texts\" (given several times, commas kept); \
          `default`; `doc`; `env`, the environment variable; `short`, a letter; `choices`, an array; `min` and `max` for an int; \
          `positional: true` for what is given without a flag; `required: true`.",
    example: "let options = parameters([\n    #{ name: \"clusters\", type: \"int\", default: 2, min: 1, env: \"NUM_CLUSTERS\", doc: \"How many clusters\" },\n]);\nprint(options.clusters);",
};

/// One declaration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    name: String,
    #[serde(default, rename = "type")]
    kind: Kind,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    doc: String,
    env: Option<String>,
    short: Option<char>,
    #[serde(default)]
    choices: Vec<String>,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default)]
    positional: bool,
    #[serde(default)]
    required: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    String,
    Int,
    Bool,
    Duration,
    Size,
    Cidr,
    Image,
    ClusterName,
    List,
    Texts,
}

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    engine.register_fn("parameters", move |declarations: Array| -> Result<Dynamic, Box<EvalAltResult>> {
        let declared = declared(declarations).map_err(|failure| failure::thrown(&failure))?;
        let (script, arguments) = shared.arguments.read().unwrap_or_else(PoisonError::into_inner).clone();
        let about = shared.about.read().unwrap_or_else(PoisonError::into_inner).clone();
        match values(&declared, &script, &about, &arguments, &shared.environment) {
            Ok(values) => Ok(convert::to_dynamic(Value::Object(values.into_iter().collect()))),
            Err(ended) => Err(EvalAltResult::ErrorTerminated(Dynamic::from(ended), Position::NONE).into()),
        }
    });
}

fn declared(declarations: Array) -> Result<Vec<Declaration>, Failure> {
    let read = |declaration: Dynamic| {
        let name = declaration.read_lock::<Map>().and_then(|map| map.get("name").map(ToString::to_string));
        let value = convert::to_value(&declaration)?;
        serde_json::from_value(value).map_err(|error| {
            let name = name.map(|name| format!(" of `{name}`")).unwrap_or_default();
            Failure::new("script::arguments", format!("`parameters`: declaration{name}: {error}"))
                .with_help("see `meshrun docs parameters`")
        })
    };
    declarations.into_iter().map(read).collect()
}

/// The values of all declared parameters, or the text that ends the script instead.
fn values(
    declared: &[Declaration],
    script: &str,
    about: &str,
    arguments: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, Ended> {
    let command = command(declared, script, about);
    let matches = command.try_get_matches_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp => Ended::Help(error.to_string()),
        _ => Ended::Usage(error.to_string()),
    })?;
    declared
        .iter()
        .map(|declaration| Ok((key(&declaration.name), value(declaration, &matches, environment)?)))
        .collect()
}

/// The key in the returned map: `--dry-run` is `dry_run`.
fn key(name: &str) -> String {
    name.replace('-', "_")
}

fn command(declared: &[Declaration], script: &str, about: &str) -> Command {
    let name = format!("meshrun {script}");
    let (first, rest) = about.trim().split_once("\n\n").unwrap_or((about.trim(), ""));
    let command = Command::new("script")
        .bin_name(name)
        .no_binary_name(true)
        .about(first.replace('\n', " "))
        .after_help(rest.to_owned())
        .disable_version_flag(true)
        .args_override_self(true);
    declared.iter().fold(command, |command, declaration| command.arg(argument(declaration)))
}

fn argument(declaration: &Declaration) -> Arg {
    let mut argument = Arg::new(declaration.name.clone()).help(help(declaration));
    if !declaration.positional {
        argument = argument.long(declaration.name.replace('_', "-"));
    }
    if let Some(short) = declaration.short {
        argument = argument.short(short);
    }
    if !declaration.choices.is_empty() {
        argument = argument.value_parser(declaration.choices.clone());
    }
    match declaration.kind {
        // `--flag`, or `--flag=false`.
        Kind::Bool => argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(clap::value_parser!(bool))
            .value_name("BOOL")
            .hide_possible_values(true),
        Kind::List => argument.action(ArgAction::Append).value_delimiter(',').value_name("LIST"),
        Kind::Texts => argument.action(ArgAction::Append).value_name("TEXT").allow_hyphen_values(true),
        Kind::Int => argument.value_name("NUMBER").allow_negative_numbers(true),
        kind => argument.value_name(format!("{kind:?}").to_uppercase()),
    }
}

/// The sentence, and where else the value comes from.
fn help(declaration: &Declaration) -> String {
    let mut text = declaration.doc.clone();
    if let Some(variable) = &declaration.env {
        text += &format!(" [env: {variable}]");
    }
    let default = match &declaration.default {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(
            items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(","),
        ),
        other => Some(other.to_string()),
    };
    if let Some(default) = default {
        text += &format!(" [default: {default}]");
    }
    text
}

/// The value of one parameter: command line, environment, default.
fn value(
    declaration: &Declaration,
    matches: &ArgMatches,
    environment: &BTreeMap<String, String>,
) -> Result<Value, Ended> {
    let name = declaration.name.as_str();
    let flag = if declaration.positional { format!("<{name}>") } else { format!("--{}", name.replace('_', "-")) };
    if matches.value_source(name) == Some(ValueSource::CommandLine) {
        if declaration.kind == Kind::Bool {
            return Ok(Value::Bool(matches.get_one(name).copied().unwrap_or_default()));
        }
        let texts: Vec<String> = matches.get_many::<String>(name).into_iter().flatten().cloned().collect();
        return parse(declaration, &texts).map_err(|message| usage(&format!("{flag}: {message}")));
    }
    let variable = declaration.env.as_deref().and_then(|variable| Some((variable, environment.get(variable)?)));
    if let Some((variable, text)) = variable.filter(|(_, text)| !text.is_empty()) {
        let texts: Vec<String> = match declaration.kind {
            Kind::List => text.split(',').map(str::to_owned).collect(),
            _ => vec![text.clone()],
        };
        return parse(declaration, &texts)
            .map_err(|message| usage(&format!("environment variable {variable}: {message}")));
    }
    match (&declaration.default, declaration.kind) {
        (Value::Null, _) if declaration.required => Err(usage(&format!("{flag} is required: {}", declaration.doc))),
        (Value::Null, Kind::Bool) => Ok(Value::Bool(false)),
        (Value::Null, Kind::List | Kind::Texts) => Ok(Value::Array(Vec::new())),
        (default, _) => Ok(default.clone()),
    }
}

fn usage(message: &str) -> Ended {
    Ended::Usage(format!("error: {message}\n\nFor more information, try '--help'.\n"))
}

/// Texts into a value of the declared type.
fn parse(declaration: &Declaration, texts: &[String]) -> Result<Value, String> {
    if matches!(declaration.kind, Kind::List | Kind::Texts) {
        return Ok(Value::Array(
            texts.iter().filter(|text| !text.is_empty()).map(|text| Value::String(text.clone())).collect(),
        ));
    }
    let text = texts.last().map(String::as_str).unwrap_or_default();
    if !declaration.choices.is_empty() && !declaration.choices.iter().any(|choice| choice == text) {
        return Err(format!("expected one of {}, found `{text}`", declaration.choices.join(", ")));
    }
    match declaration.kind {
        Kind::Int => int(declaration, text),
        Kind::Bool => match text {
            "true" | "1" | "yes" => Ok(Value::Bool(true)),
            "false" | "0" | "no" => Ok(Value::Bool(false)),
            _ => Err(format!("expected true or false, found `{text}`")),
        },
        Kind::Duration => checked::<Timeout>(text),
        Kind::Size => checked::<Bytes>(text),
        Kind::Cidr => checked::<Cidr>(text),
        Kind::Image => checked::<Image>(text),
        Kind::ClusterName => checked::<ClusterName>(text),
        Kind::String | Kind::List | Kind::Texts => Ok(Value::String(text.to_owned())),
    }
}

fn checked<T: std::str::FromStr<Err = meshrun_terms::Invalid>>(text: &str) -> Result<Value, String> {
    text.parse::<T>().map_err(|error| error.to_string()).map(|_| Value::String(text.to_owned()))
}

fn int(declaration: &Declaration, text: &str) -> Result<Value, String> {
    let number: i64 = text.parse().map_err(|_| format!("expected a whole number, found `{text}`"))?;
    if declaration.min.is_some_and(|min| number < min) || declaration.max.is_some_and(|max| number > max) {
        let bound = |bound: Option<i64>, word: &str| bound.map(|bound| format!(" {word} {bound}")).unwrap_or_default();
        let (min, max) = (bound(declaration.min, "from"), bound(declaration.max, "to"));
        return Err(format!("expected a number{min}{max}, found {number}"));
    }
    Ok(number.into())
}

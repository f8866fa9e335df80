//! Errors of scripts to failures of the host, with the place of every frame, and back into something to catch.

use meshrun_host::{Failure, Place, arguments};
use rhai::{Dynamic, EvalAltResult, Map, ParseErrorType, Position};

use crate::{convert, shared::Shared};

/// A failure as Rhai throws it: a map that scripts catch and read.
pub fn thrown(failure: &Failure) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(caught(failure), Position::NONE).into()
}

/// The map that `catch (e)` gets.
pub fn caught(failure: &Failure) -> Dynamic {
    serde_json::to_value(failure).map_or_else(|_| failure.message.clone().into(), convert::to_dynamic)
}

/// What an error of Rhai means, as a failure; `source` is the script that was running.
pub fn failure(shared: &Shared, error: &EvalAltResult, source: &str) -> Failure {
    Reading { shared }.read(error, source, None)
}

struct Reading<'a> {
    shared: &'a Shared,
}

impl Reading<'_> {
    fn read(&self, error: &EvalAltResult, source: &str, function: Option<&str>) -> Failure {
        use EvalAltResult as E;
        let position = error.position();
        let mut failure = match error {
            E::ErrorInFunctionCall(name, inner_source, inner, _) => {
                let inner_source = if inner_source.is_empty() { source } else { inner_source };
                self.read(inner, inner_source, Some(spoken(name)))
            }
            E::ErrorInModule(module, inner, _) => {
                let inner_source = if module.is_empty() { source } else { module };
                self.read(inner, inner_source, None)
            }
            other => self.plain(other),
        };
        if let (Some(line), Some(column)) = (position.line(), position.position().or(Some(1))) {
            let place = Place { source: source.to_owned(), line, column, function: function.map(str::to_owned) };
            if failure.trace.last() != Some(&place) {
                failure.trace.push(place);
            }
        }
        failure
    }

    /// An error without frames around it.
    fn plain(&self, error: &EvalAltResult) -> Failure {
        use EvalAltResult as E;
        match error {
            E::ErrorRuntime(value, _) => thrown_value(value),
            E::ErrorParsing(ParseErrorType::VariableUndefined(name), _) | E::ErrorVariableNotFound(name, _) => {
                unknown_variable(name)
            }
            E::ErrorParsing(ParseErrorType::ModuleUndefined(name), _) => self.unknown_module(name),
            E::ErrorParsing(kind, _) => syntax(kind),
            E::ErrorFunctionNotFound(signature, _) => self.unknown_function(signature),
            E::ErrorModuleNotFound(name, _) => self.unknown_module(name),
            E::ErrorPropertyNotFound(name, _) => {
                Failure::new("script::unknown_property", format!("the map has no key `{name}`"))
                    .with_help(format!("`map?.{name}` or `map[\"{name}\"] ?? default` reads a key that may be missing"))
            }
            E::ErrorDataRace(name, _) => {
                Failure::new("script::shared_variable", format!("`{name}` is written by two branches at the same time"))
                    .with_help("branches get copies: pass what they need as an argument and use what they return")
            }
            E::ErrorStackOverflow(_) => Failure::new("script::too_deep", "functions call each other too deeply"),
            E::ErrorTerminated(value, _) => terminated(value),
            other => Failure::new("script::failed", lower_first(&without_position(&other.to_string()))),
        }
    }

    fn unknown_function(&self, signature: &str) -> Failure {
        let name = signature.split(" (").next().unwrap_or(signature).trim();
        let arguments = types(signature.split_once(" (").map_or("", |(_, rest)| rest.trim_end_matches(')')));
        if let Some(topic) = self.shared.topic(name) {
            let message = format!("`{name}` cannot be called with ({arguments})");
            return Failure::new("script::arguments", message)
                .with_help(format!("it is called as `{}`", topic.signature));
        }
        let failure =
            Failure::new("script::unknown_function", format!("there is no function `{name}` for ({arguments})"));
        let known = self.shared.function_names();
        match arguments::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => failure.with_help(format!("did you mean `{near}`?")),
            None => failure.with_help("`meshrun docs` lists all functions"),
        }
    }

    fn unknown_module(&self, name: &str) -> Failure {
        let failure = Failure::new("script::unknown_module", format!("there is no module `{name}`"));
        let known = self.shared.module_names();
        match arguments::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => failure.with_help(format!("did you mean `{near}`?")),
            None => failure.with_help(
                "an import is looked for beside the importing file, in `--lib` folders, then in the standard library",
            ),
        }
    }
}

fn unknown_variable(name: &str) -> Failure {
    Failure::new("script::unknown_variable", format!("there is no variable `{name}`"))
        .with_help("functions see only their parameters and constants; closures see the variables around them")
}

/// What a script threw: a failure that came as a map, a map of its own with `message`, or any other value.
fn thrown_value(value: &Dynamic) -> Failure {
    let text = || Failure::new("script::thrown", value.to_string());
    let Some(map) = value.read_lock::<Map>().map(|map| map.clone()) else { return text() };
    let Ok(mut data) = convert::to_value(&Dynamic::from_map(map)) else { return text() };
    let Some(fields) = data.as_object_mut() else { return text() };
    if !fields.contains_key("message") {
        return text();
    }
    fields.entry("code").or_insert_with(|| "script::thrown".into());
    serde_json::from_value(data).unwrap_or_else(|_| text())
}

/// The engine was told to stop between two operations.
fn terminated(value: &Dynamic) -> Failure {
    match value.clone().into_string() {
        Ok(reason) if reason == "deadline" => Failure::new(
            "host::deadline",
            "the script was still running when the time of its surrounding `timeout` had passed",
        ),
        _ => Failure::cancelled(),
    }
}

fn syntax(kind: &ParseErrorType) -> Failure {
    Failure::new("script::syntax", lower_first(&kind.to_string()))
}

/// `anon$…` is a closure to people.
fn spoken(name: &str) -> &str {
    if name.starts_with("anon$") || name.is_empty() { "closure" } else { name }
}

/// The types of arguments in the words of scripts.
fn types(list: &str) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("&str | ImmutableString | String", "string"),
        ("i64", "int"),
        ("f64", "float"),
        ("FnPtr", "closure"),
        ("Fn", "closure"),
        ("()", "nothing"),
    ];
    let word =
        |one: &str| WORDS.iter().find(|(rust, _)| *rust == one).map_or(one.to_owned(), |(_, word)| (*word).to_owned());
    list.split(", ").map(word).collect::<Vec<_>>().join(", ")
}

fn without_position(text: &str) -> String {
    match text.rfind(" (line ") {
        Some(at) => text[..at].to_owned(),
        None => text.to_owned(),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

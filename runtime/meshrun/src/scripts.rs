//! Running and checking scripts.

use std::{path::PathBuf, time::Instant};

use meshrun_host::{Failure, Value};
use meshrun_script::Source;

use crate::{
    exit::Exit,
    report,
    start::{Bench, exit_of},
    view,
};

/// Run it to its end and show how it went.
pub fn run(bench: &Bench, source: &Source, arguments: &[String], print_value: bool) -> Exit {
    let started = Instant::now();
    let result = bench.runtime.run(source, arguments);
    match result {
        Ok(value) => {
            bench.view.finished(started.elapsed(), true);
            if print_value {
                view::print_out(&shown(&value));
            }
            Exit::Done
        }
        Err(ended) => {
            bench.view.finished(started.elapsed(), false);
            exit_of(bench, &ended)
        }
    }
}

/// A value for people and programs alike: texts as they are, everything else as JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.ends_with('\n') => text.clone(),
        Value::String(text) => format!("{text}\n"),
        other => pretty(other),
    }
}

/// Data as indented JSON.
pub fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).map_or_else(|error| format!("{error}\n"), |text| text + "\n")
}

/// Read the scripts and report all mistakes.
pub fn check(bench: &Bench, paths: &[PathBuf]) -> Exit {
    let mut exit = Exit::Done;
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        let read = std::fs::read_to_string(path)
            .map_err(|error| Failure::new("script::unreadable", format!("cannot read `{name}`: {error}")));
        let checked = read.and_then(|text| bench.runtime.check(&Source { name, text }));
        if let Err(failure) = checked {
            report::print(&failure, Some(bench.runtime.sources()), bench.options.log);
            exit = Exit::Failed;
        }
    }
    exit
}

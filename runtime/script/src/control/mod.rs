//! Control functions: those that take closures, and so cannot be requests.

mod branches;
mod each_parallel;
mod fail;
mod on_exit;
mod parallel;
mod retry;
mod sleep;
mod step;
mod timeout;
mod wait_until;

use std::sync::Arc;

use meshrun_host::{Failure, arguments};
use meshrun_terms::Timeout;
use rhai::{Dynamic, Engine, EvalAltResult, Map};

use crate::{Topic, failure, shared::Shared};

type Thrown = Box<EvalAltResult>;

/// Register them all.
pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    parallel::register(engine, shared);
    each_parallel::register(engine, shared);
    retry::register(engine, shared);
    wait_until::register(engine, shared);
    timeout::register(engine, shared);
    step::register(engine, shared);
    on_exit::register(engine, shared);
    sleep::register(engine, shared);
    fail::register(engine);
}

/// Their entries in the manual.
pub fn topics() -> Vec<Topic> {
    let entries = [
        parallel::TOPIC,
        each_parallel::TOPIC,
        retry::TOPIC,
        wait_until::TOPIC,
        timeout::TOPIC,
        step::TOPIC,
        on_exit::TOPIC,
        sleep::TOPIC,
        fail::TOPIC,
        fail::EXIT,
        crate::parameters::TOPIC,
    ];
    entries.into_iter().map(Entry::topic).collect()
}

/// An entry of the manual, as a control function declares it.
pub struct Entry {
    pub name: &'static str,
    pub signature: &'static str,
    pub doc: &'static str,
    pub example: &'static str,
}

impl Entry {
    fn topic(self) -> Topic {
        Topic {
            name: self.name.to_owned(),
            signature: self.signature.to_owned(),
            doc: self.doc.to_owned(),
            example: self.example.to_owned(),
            spec: None,
        }
    }
}

/// The options map of a control function: known keys only.
struct Options<'a> {
    function: &'static str,
    map: &'a Map,
}

impl<'a> Options<'a> {
    fn new(function: &'static str, map: &'a Map, known: &[&str]) -> Result<Self, Thrown> {
        let Some(unknown) = map.keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(Self { function, map });
        };
        let failure = Failure::new("script::unknown_option", format!("`{function}` has no option `{unknown}`"));
        let help = match arguments::nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
        };
        Err(failure::thrown(&failure.with_help(help)))
    }

    fn timeout(&self, key: &str, default: Timeout) -> Result<Timeout, Thrown> {
        self.map.get(key).map_or(Ok(default), |value| timeout_of(self.function, value))
    }

    fn count(&self, key: &str, default: usize) -> Result<usize, Thrown> {
        let Some(value) = self.map.get(key) else { return Ok(default) };
        let number = value.as_int().ok().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
        number.ok_or_else(|| wrong(self.function, &format!("`{key}`: expected a number above 0, found `{value}`")))
    }

    fn flag(&self, key: &str) -> Result<bool, Thrown> {
        let Some(value) = self.map.get(key) else { return Ok(false) };
        value
            .as_bool()
            .map_err(|found| wrong(self.function, &format!("`{key}`: expected `true` or `false`, found {found}")))
    }
}

/// A duration as a script wrote it.
fn timeout_of(function: &str, value: &Dynamic) -> Result<Timeout, Thrown> {
    let text = value.clone().into_string().map_err(|_| {
        wrong(function, &format!("expected a duration with its unit, such as \"30s\" or \"5m\", found `{value}`"))
    })?;
    text.parse().map_err(|error| wrong(function, &format!("{error}")))
}

fn wrong(function: &str, message: &str) -> Thrown {
    failure::thrown(&Failure::new("script::arguments", format!("`{function}`: {message}")))
}

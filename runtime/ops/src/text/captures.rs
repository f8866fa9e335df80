//! `text::captures`: the parts of the first match.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure};
use regex::{Captures as Found, Regex};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Find the first match of a regular expression. Returns a map of its groups, under their numbers as strings and
/// their names, `"0"` being the whole match, groups that took no part `()`; or `()` when nothing matches.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Captures {
    /// The text.
    text: String,
    /// The regular expression, in the syntax of Rust's and Go's libraries: no look-around, `(?i)` ignores case.
    pattern: String,
}

impl Operation for Captures {
    type Output = Option<BTreeMap<String, Option<String>>>;

    const NAME: &'static str = "text::captures";
    const POSITIONAL: &'static [&'static str] = &["text", "pattern"];
    const RETURNS: &'static str = "a map of strings, or `()`";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::pattern"];
    const EXAMPLE: &'static str = r#"let version = text::captures("istio-1.20.1", "(?<major>[0-9]+)[.](?<minor>[0-9]+)");
print(version.minor);"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let pattern = super::regex(&self.pattern)?;
        Ok(pattern.captures(&self.text).map(|found| groups(&pattern, &found)))
    }
}

fn groups(pattern: &Regex, found: &Found<'_>) -> BTreeMap<String, Option<String>> {
    let text = |number: usize| found.get(number).map(|group| group.as_str().to_owned());
    let numbered = (0..found.len()).map(|number| (number.to_string(), text(number)));
    let names = pattern.capture_names().enumerate();
    let named = names.filter_map(|(number, name)| name.map(|name| (name.to_owned(), text(number))));
    numbered.chain(named).collect()
}

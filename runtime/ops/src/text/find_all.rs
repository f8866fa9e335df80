//! `text::find_all`: all matches.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Find all matches of a regular expression. Returns a list of strings: the first group of each, or the whole match
/// when the pattern has none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindAll {
    /// The text.
    text: String,
    /// The regular expression, in the syntax of Rust's and Go's libraries: no look-around, `(?i)` ignores case.
    pattern: String,
}

impl Operation for FindAll {
    type Output = Vec<String>;

    const NAME: &'static str = "text::find_all";
    const POSITIONAL: &'static [&'static str] = &["text", "pattern"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::pattern"];
    const EXAMPLE: &'static str = r#"let images = text::find_all("image: a\nimage: b\n", "image: (.+)");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let pattern = super::regex(&self.pattern)?;
        let all = pattern.captures_iter(&self.text);
        let taken =
            all.filter_map(|found| found.get(usize::from(found.len() > 1)).map(|group| group.as_str().to_owned()));
        Ok(taken.collect())
    }
}

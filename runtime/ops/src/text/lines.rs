//! `text::lines`: the lines of a text.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Split a text into its lines. Returns a list of strings without their line ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The text.
    text: String,
}

impl Operation for Lines {
    type Output = Vec<String>;

    const NAME: &'static str = "text::lines";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"for line in text::lines("one\ntwo\n") { print(line); }"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.lines().map(str::to_owned).collect())
    }
}

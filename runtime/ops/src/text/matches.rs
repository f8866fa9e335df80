//! `text::matches`: whether a pattern is found.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell whether a regular expression is found in a text. Returns a bool; `^` and `$` tie it to the ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matches {
    /// The text.
    text: String,
    /// The regular expression, in the syntax of Rust's and Go's libraries: no look-around, `(?i)` ignores case.
    pattern: String,
}

impl Operation for Matches {
    type Output = bool;

    const NAME: &'static str = "text::matches";
    const POSITIONAL: &'static [&'static str] = &["text", "pattern"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::pattern"];
    const EXAMPLE: &'static str = r#"print(text::matches("istiod-7d4", "^istiod-"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(super::regex(&self.pattern)?.is_match(&self.text))
    }
}

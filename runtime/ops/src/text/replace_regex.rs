//! `text::replace_regex`: a text with something in the place of every match.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Put something in the place of every match of a regular expression. Returns the new text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceRegex {
    /// The text.
    text: String,
    /// The regular expression, in the syntax of Rust's and Go's libraries: no look-around, `(?i)` ignores case.
    pattern: String,
    /// What to put there: `$1` and `${name}` stand for groups, `$$` for a dollar.
    replacement: String,
}

impl Operation for ReplaceRegex {
    type Output = String;

    const NAME: &'static str = "text::replace_regex";
    const POSITIONAL: &'static [&'static str] = &["text", "pattern", "replacement"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::pattern"];
    const EXAMPLE: &'static str = r#"print(text::replace_regex("a: latest", ": .*", ": 1.20.1"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(super::regex(&self.pattern)?.replace_all(&self.text, &self.replacement).into_owned())
    }
}

//! `text::dedent`: a text moved to the left.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Move a text to the left by the blanks that all its lines begin with; a first line that is empty is left out.
/// Returns the new text: for texts that are written indented in a script.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dedent {
    /// The text.
    text: String,
}

impl Operation for Dedent {
    type Output = String;

    const NAME: &'static str = "text::dedent";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(text::dedent(`
    a: 1
    b: 2
`));";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let text = self.text.strip_prefix('\n').unwrap_or(&self.text);
        let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let common = text.lines().filter(|line| !line.trim().is_empty()).map(blanks).min().unwrap_or(0);
        let line = |line: &str| line[common.min(blanks(line))..].to_owned();
        Ok(text.split_inclusive('\n').map(line).collect())
    }
}

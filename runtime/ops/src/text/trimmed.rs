//! `text::trimmed`: a text without blanks at its ends.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Take blanks and line ends from both ends of a text. Returns the rest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trimmed {
    /// The text.
    text: String,
}

impl Operation for Trimmed {
    type Output = String;

    const NAME: &'static str = "text::trimmed";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::trimmed("  a  "));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.trim().to_owned())
    }
}

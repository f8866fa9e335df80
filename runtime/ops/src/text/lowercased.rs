//! `text::lowercased`: a text in small letters.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Write a text in small letters. Returns it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lowercased {
    /// The text.
    text: String,
}

impl Operation for Lowercased {
    type Output = String;

    const NAME: &'static str = "text::lowercased";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::lowercased("Ready"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.to_lowercase())
    }
}

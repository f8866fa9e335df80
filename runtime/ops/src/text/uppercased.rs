//! `text::uppercased`: a text in capitals.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Write a text in capitals. Returns it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uppercased {
    /// The text.
    text: String,
}

impl Operation for Uppercased {
    type Output = String;

    const NAME: &'static str = "text::uppercased";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::uppercased("Ready"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.to_uppercase())
    }
}

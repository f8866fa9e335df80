//! `json::parse`: JSON text to a value.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Parse a JSON text. Returns the value; what is no JSON is an error that shows the line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parse {
    /// The text.
    text: String,
}

impl Operation for Parse {
    type Output = Value;

    const NAME: &'static str = "json::parse";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "any value";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["json::syntax"];
    const EXAMPLE: &'static str = r#"let value = json::parse(`{"a": [1, 2]}`);"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        super::value(&self.text, "json")
    }
}

//! `json::to_string`: a value to JSON text.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Write a value as JSON text. Returns one line without a line feed, or many with `pretty`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToString {
    /// The value.
    value: Value,
    /// Indent by two blanks.
    #[serde(default)]
    pretty: bool,
}

impl Operation for ToString {
    type Output = String;

    const NAME: &'static str = "json::to_string";
    const POSITIONAL: &'static [&'static str] = &["value"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(json::to_string(#{ a: [1, 2] }));";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        super::text(&self.value, self.pretty)
    }
}

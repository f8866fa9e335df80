//! `yaml::to_string`: a value to YAML text.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Write a value as YAML text, as Kubernetes' tools do: keys sorted, lists not indented. Returns the text with a line
/// feed at its end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToString {
    /// The value.
    value: Value,
}

impl Operation for ToString {
    type Output = String;

    const NAME: &'static str = "yaml::to_string";
    const POSITIONAL: &'static [&'static str] = &["value"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(yaml::to_string(#{ a: [1, 2] }));";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_yaml::to_string(&self.value))
    }
}

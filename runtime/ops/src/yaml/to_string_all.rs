//! `yaml::to_string_all`: many values to YAML text.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Write values as the documents of one YAML text, joined by lines of `---`. Returns the text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToStringAll {
    /// The values.
    values: Vec<Value>,
}

impl Operation for ToStringAll {
    type Output = String;

    const NAME: &'static str = "yaml::to_string_all";
    const POSITIONAL: &'static [&'static str] = &["values"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(yaml::to_string_all([#{ a: 1 }, #{ b: 2 }]));";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_yaml::to_string_all(&self.values))
    }
}

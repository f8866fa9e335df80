//! `env::all`: many environment variables.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// List environment variables. Returns a map of names and values, empty ones included.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct All {
    /// Only those whose names begin so.
    #[serde(default)]
    prefix: String,
}

impl Operation for All {
    type Output = BTreeMap<String, String>;

    const NAME: &'static str = "env::all";
    const POSITIONAL: &'static [&'static str] = &["prefix"];
    const RETURNS: &'static str = "a map of strings";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"for name in env::all("KIND_").keys() { print(name); }"#;

    fn subject(&self) -> String {
        self.prefix.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let all = &cx.world.environment.variables;
        Ok(all
            .iter()
            .filter(|(name, _)| name.starts_with(&self.prefix))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect())
    }
}

//! `env::has`: whether an environment variable is set.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell whether an environment variable is set and not empty. Returns a bool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Has {
    /// The variable's name.
    name: String,
}

impl Operation for Has {
    type Output = bool;

    const NAME: &'static str = "env::has";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"if env::has("DOCKER_HOST") { print("a remote engine"); }"#;

    fn subject(&self) -> String {
        self.name.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(cx.world.environment.variable(&self.name).is_some())
    }
}

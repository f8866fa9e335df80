//! `env::get`: an environment variable.

use meshrun_host::{Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Read an environment variable. Returns its value; the default when it is not set or empty; `()` when there is no
/// default either.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The variable's name.
    name: String,
    /// What to return when it is not set.
    #[serde(default)]
    default: Option<String>,
}

impl Operation for Get {
    type Output = Option<String>;

    const NAME: &'static str = "env::get";
    const POSITIONAL: &'static [&'static str] = &["name", "default"];
    const RETURNS: &'static str = "a string, or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let clusters = env::get("NUM_CLUSTERS", "2");"#;

    fn subject(&self) -> String {
        self.name.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(cx.world.environment.variable(&self.name).map(str::to_owned).or(self.default))
    }
}

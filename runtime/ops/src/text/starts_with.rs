//! `text::starts_with`: whether a text begins so.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell whether a text begins with another. Returns a bool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartsWith {
    /// The text.
    text: String,
    /// The beginning.
    start: String,
}

impl Operation for StartsWith {
    type Output = bool;

    const NAME: &'static str = "text::starts_with";
    const POSITIONAL: &'static [&'static str] = &["text", "start"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::starts_with("kind-a", "kind-"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.starts_with(&self.start))
    }
}

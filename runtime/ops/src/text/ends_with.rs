//! `text::ends_with`: whether a text ends so.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell whether a text ends with another. Returns a bool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndsWith {
    /// The text.
    text: String,
    /// The end.
    end: String,
}

impl Operation for EndsWith {
    type Output = bool;

    const NAME: &'static str = "text::ends_with";
    const POSITIONAL: &'static [&'static str] = &["text", "end"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::ends_with("a.yaml", ".yaml"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.ends_with(&self.end))
    }
}

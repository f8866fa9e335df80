//! `text::join`: parts put together.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Put parts together to one text. Returns a string; parts that are not strings are written as JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The parts.
    parts: Vec<Value>,
    /// What stands between them.
    #[serde(default)]
    separator: String,
}

impl Operation for Join {
    type Output = String;

    const NAME: &'static str = "text::join";
    const POSITIONAL: &'static [&'static str] = &["parts", "separator"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::join(["a", "b", 3], ", "));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.parts.iter().map(super::shown).collect::<Vec<_>>().join(&self.separator))
    }
}

//! `text::replaced`: a text with something in another's place.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Put something in the place of every occurrence of something else. Returns the new text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The text.
    text: String,
    /// What to replace.
    from: String,
    /// What to put there.
    to: String,
}

impl Operation for Replaced {
    type Output = String;

    const NAME: &'static str = "text::replaced";
    const POSITIONAL: &'static [&'static str] = &["text", "from", "to"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(text::replaced("v1.20.1", "v", ""));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.replace(&self.from, &self.to))
    }
}

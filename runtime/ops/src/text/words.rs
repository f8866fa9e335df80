//! `text::words`: the words of a text.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Split a text at blanks and line ends. Returns a list of strings, none of them empty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The text.
    text: String,
}

impl Operation for Words {
    type Output = Vec<String>;

    const NAME: &'static str = "text::words";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let columns = text::words("istiod   1/1   Running");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.text.split_whitespace().map(str::to_owned).collect())
    }
}

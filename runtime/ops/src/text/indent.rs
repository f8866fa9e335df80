//! `text::indent`: a text moved to the right.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Move the lines of a text to the right. Returns the new text; empty lines stay empty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Indent {
    /// The text.
    text: String,
    /// By how many blanks, up to 1000.
    #[serde(default = "by")]
    by: usize,
}

impl Operation for Indent {
    type Output = String;

    const NAME: &'static str = "text::indent";
    const POSITIONAL: &'static [&'static str] = &["text", "by"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::width"];
    const EXAMPLE: &'static str = r#"print(text::indent("a: 1\nb: 2", 4));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let blanks = super::filling("", self.by, ' ')?;
        let line = |line: &str| if line.trim().is_empty() { line.to_owned() } else { format!("{blanks}{line}") };
        Ok(self.text.split_inclusive('\n').map(line).collect())
    }
}

fn by() -> usize {
    2
}

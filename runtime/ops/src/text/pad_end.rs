//! `text::pad_end`: a text filled up at its end.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Fill up a text at its end. Returns it at least so wide; a wider one as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PadEnd {
    /// The text.
    text: String,
    /// How wide it is to be, in columns of a terminal, up to 10,000.
    width: usize,
    /// What to fill with.
    #[serde(default = "fill")]
    fill: char,
}

impl Operation for PadEnd {
    type Output = String;

    const NAME: &'static str = "text::pad_end";
    const POSITIONAL: &'static [&'static str] = &["text", "width"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::width"];
    const EXAMPLE: &'static str = r#"print(text::pad_end("NAME", 20) + "STATUS");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(format!("{}{}", self.text, super::filling(&self.text, self.width, self.fill)?))
    }
}

fn fill() -> char {
    ' '
}

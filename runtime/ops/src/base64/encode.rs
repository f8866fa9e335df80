//! `base64::encode`: text to base64.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Encode text as base64. Returns one line, padded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encode {
    /// What to encode.
    text: String,
    /// Use the alphabet for URLs and file names, without padding, as tokens do.
    #[serde(default)]
    url_safe: bool,
}

impl Operation for Encode {
    type Output = String;

    const NAME: &'static str = "base64::encode";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let encoded = base64::encode("hello");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(if self.url_safe { URL_SAFE_NO_PAD.encode(self.text) } else { STANDARD.encode(self.text) })
    }
}

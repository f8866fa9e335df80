//! `base64::decode`: base64 to text.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use crate::{Cx, Operation};

/// Decode base64 to text, with either alphabet, padded or not, line breaks and blanks skipped. Returns a string; what
/// is no text is an error, write it with `file::write` and its option `base64` instead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decode {
    /// What to decode.
    encoded: String,
}

impl Operation for Decode {
    type Output = String;

    const NAME: &'static str = "base64::decode";
    const POSITIONAL: &'static [&'static str] = &["encoded"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["base64::invalid", "base64::not_text"];
    const EXAMPLE: &'static str = r#"print(base64::decode("aGVsbG8="));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let bytes = super::bytes(&self.encoded)?;
        String::from_utf8(bytes).map_err(|error| Error::NotText(error).into())
    }
}

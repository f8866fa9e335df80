//! `hash::sha256`: the SHA-256 of a text.

use meshrun_host::{Class, Effect, Failure};
use meshrun_release::Sha256Digest;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Compute the SHA-256 of a text. Returns 64 hexadecimal digits, as `sha256sum` prints them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HashSha256 {
    /// The text; its UTF-8 bytes are taken.
    text: String,
}

impl Operation for HashSha256 {
    type Output = String;

    const NAME: &'static str = "hash::sha256";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a string of 64 digits";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(hash::sha256("hello"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(Sha256Digest::of(self.text.as_bytes()).to_string())
    }
}

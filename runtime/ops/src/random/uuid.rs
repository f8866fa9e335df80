//! `random::uuid`: a random UUID.

use meshrun_host::{Class, Effect, Failure};
use rand::Rng;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Draw a random UUID, version 4. Returns it in lower case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uuid {}

impl Operation for Uuid {
    type Output = String;

    const NAME: &'static str = "random::uuid";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(random::uuid());";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let mut bytes: [u8; 16] = rand::rng().random();
        bytes[6] = (bytes[6] & 0x0f) | 0x40; // version 4
        bytes[8] = (bytes[8] & 0x3f) | 0x80; // RFC 9562's variant
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
    }
}

//! `random::hex`: random hexadecimal digits.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Draw random hexadecimal digits, good enough for keys. Returns a string of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hex {
    /// How many, up to 4096.
    #[serde(default = "digits")]
    digits: usize,
}

impl Operation for Hex {
    type Output = String;

    const NAME: &'static str = "random::hex";
    const POSITIONAL: &'static [&'static str] = &["digits"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["random::length"];
    const EXAMPLE: &'static str = "let key = random::hex(64);";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        super::letters(b"0123456789abcdef", self.digits)
    }
}

fn digits() -> usize {
    32
}

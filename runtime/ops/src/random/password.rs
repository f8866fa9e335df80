//! `random::password`: a random password.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Draw a random password of letters and digits, good enough for secrets. Returns it as plain text: keep it out of
/// what is printed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// How many characters, up to 4096.
    #[serde(default = "length")]
    length: usize,
}

impl Operation for Password {
    type Output = String;

    const NAME: &'static str = "random::password";
    const POSITIONAL: &'static [&'static str] = &["length"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["random::length"];
    const EXAMPLE: &'static str = "let password = random::password(32);";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        super::letters(b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", self.length)
    }
}

fn length() -> usize {
    24
}

//! `env::os`: this machine's operating system.

use std::env::consts;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell this machine's operating system. Returns `linux`, `macos`, `windows` or another word of that kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Os {}

impl Operation for Os {
    type Output = &'static str;

    const NAME: &'static str = "env::os";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(env::os());";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(consts::OS)
    }
}

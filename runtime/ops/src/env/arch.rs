//! `env::arch`: this machine's processor.

use std::env::consts;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell this machine's processor, in the words of container platforms. Returns `amd64`, `arm64` or another word of
/// that kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arch {}

impl Operation for Arch {
    type Output = &'static str;

    const NAME: &'static str = "env::arch";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "let platform = `linux/${env::arch()}`;";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(match consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        })
    }
}

//! `env::directory`: the working folder.

use std::path::PathBuf;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell the working folder, from which relative paths are taken. Returns its path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {}

impl Operation for Directory {
    type Output = PathBuf;

    const NAME: &'static str = "env::directory";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(env::directory());";

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(cx.world.environment.directory.clone())
    }
}

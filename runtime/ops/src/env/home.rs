//! `env::home`: the user's home folder.

use std::path::PathBuf;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell the user's home folder. Returns its path, or `()` when there is none. In paths, `~/` stands for it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Home {}

impl Operation for Home {
    type Output = Option<PathBuf>;

    const NAME: &'static str = "env::home";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string, or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(env::home());";

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(cx.world.environment.home.clone())
    }
}

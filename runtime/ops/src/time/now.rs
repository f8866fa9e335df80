//! `time::now`: the time.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::moment::Time;
use crate::{Cx, Operation};

/// Tell the time. Returns it as RFC 3339 in UTC, to the second: `2026-01-31T12:00:00Z`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Now {}

impl Operation for Now {
    type Output = Time;

    const NAME: &'static str = "time::now";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "print(time::now());";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(Time::now())
    }
}

//! `time::unix`: a time as seconds since 1970.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::moment::Time;
use crate::{Cx, Operation};

/// Tell a time as whole seconds since 1970. Returns an int.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unix {
    /// The time, RFC 3339; by default now.
    #[serde(default)]
    time: Option<Time>,
}

impl Operation for Unix {
    type Output = i64;

    const NAME: &'static str = "time::unix";
    const POSITIONAL: &'static [&'static str] = &["time"];
    const RETURNS: &'static str = "an int";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "let start = time::unix();";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.time.unwrap_or_else(Time::now).0.as_second())
    }
}

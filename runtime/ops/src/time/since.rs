//! `time::since`: the seconds since a time.

use jiff::Timestamp;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::moment::Time;
use crate::{Cx, Operation};

/// Tell how many seconds have passed since a time. Returns a float, negative when it is still to come.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// The time, RFC 3339.
    time: Time,
    /// Count up to this time; by default now.
    #[serde(default)]
    until: Option<Time>,
}

impl Operation for Since {
    type Output = f64;

    const NAME: &'static str = "time::since";
    const POSITIONAL: &'static [&'static str] = &["time", "until"];
    const RETURNS: &'static str = "a float, in seconds";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "let start = time::now();
print(`${time::since(start)} seconds`);";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let until = self.until.map_or_else(Timestamp::now, |time| time.0);
        Ok(until.duration_since(self.time.0).as_secs_f64())
    }
}

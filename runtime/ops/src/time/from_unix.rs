//! `time::from_unix`: seconds since 1970 as a time.

use jiff::Timestamp;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use super::moment::Time;
use crate::{Cx, Operation};

/// Tell which time it is so many seconds after 1970. Returns it as RFC 3339 in UTC.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromUnix {
    /// The seconds.
    seconds: i64,
}

impl Operation for FromUnix {
    type Output = Time;

    const NAME: &'static str = "time::from_unix";
    const POSITIONAL: &'static [&'static str] = &["seconds"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["time::range"];
    const EXAMPLE: &'static str = "print(time::from_unix(1700000000));";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(Time(Timestamp::from_second(self.seconds).map_err(Error::Range)?))
    }
}

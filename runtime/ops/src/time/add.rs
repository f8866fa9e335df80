//! `time::add`: a time later or earlier.

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use super::moment::Time;
use crate::{Cx, Operation};

/// Tell which time it is a duration after another, or before it. Returns it as RFC 3339 in UTC.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// The time, RFC 3339.
    time: Time,
    /// How much later: `"90s"`, `"365d"`.
    duration: Timeout,
    /// Go back instead.
    #[serde(default)]
    back: bool,
}

impl Operation for Add {
    type Output = Time;

    const NAME: &'static str = "time::add";
    const POSITIONAL: &'static [&'static str] = &["time", "duration"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["time::range"];
    const EXAMPLE: &'static str = r#"print(time::add("2026-01-31T12:00:00Z", "1h30m"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let moved =
            if self.back { self.time.0.checked_sub(self.duration.0) } else { self.time.0.checked_add(self.duration.0) };
        Ok(Time(moved.map_err(Error::Range)?))
    }
}

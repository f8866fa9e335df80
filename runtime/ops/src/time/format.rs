//! `time::format`: a time in a format of one's own.

use jiff::{fmt::strtime, tz::TimeZone};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use super::moment::Time;
use crate::{Cx, Operation};

/// Write a time in a format of one's own. Returns a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// The time, RFC 3339.
    time: Time,
    /// The format, in the signs of strftime: `%Y-%m-%d %H:%M:%S`.
    format: String,
    /// The time zone: `UTC`, `Europe/Berlin`.
    #[serde(default = "zone")]
    zone: String,
}

impl Operation for Format {
    type Output = String;

    const NAME: &'static str = "time::format";
    const POSITIONAL: &'static [&'static str] = &["time", "format"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["time::zone", "time::format"];
    const EXAMPLE: &'static str = r#"print(time::format("2026-01-31T12:00:00Z", "%d.%m.%Y"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let zone = TimeZone::get(&self.zone).map_err(|source| Error::Zone { zone: self.zone.clone(), source })?;
        let wrong = |source| Error::Format { format: self.format.clone(), source };
        Ok(strtime::format(&self.format, &self.time.0.to_zoned(zone)).map_err(wrong)?)
    }
}

fn zone() -> String {
    "UTC".to_owned()
}

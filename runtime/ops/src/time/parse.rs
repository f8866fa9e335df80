//! `time::parse`: a text in a format of one's own as a time.

use jiff::{fmt::strtime, tz::TimeZone};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use super::moment::Time;
use crate::{Cx, Operation};

/// Read a time that is written in a format of one's own. Returns it as RFC 3339 in UTC; a text without zone is taken
/// as UTC, one without time of day as midnight.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parse {
    /// The text.
    text: String,
    /// Its format, in the signs of strftime: `%Y-%m-%d %H:%M:%S`.
    format: String,
}

impl Operation for Parse {
    type Output = Time;

    const NAME: &'static str = "time::parse";
    const POSITIONAL: &'static [&'static str] = &["text", "format"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["time::text"];
    const EXAMPLE: &'static str = r#"print(time::parse("31.01.2026", "%d.%m.%Y"));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let wrong = |source| Error::Text { text: self.text.clone(), format: self.format.clone(), source };
        let parts = strtime::parse(&self.format, &self.text).map_err(wrong)?;
        if parts.offset().is_some() || parts.iana_time_zone().is_some() || parts.timestamp().is_some() {
            return Ok(Time(parts.to_timestamp().map_err(wrong)?));
        }
        let date = parts.to_date().map_err(wrong)?;
        let clock = parts.to_time().unwrap_or_default(); // none is written: midnight
        Ok(Time(date.to_datetime(clock).to_zoned(TimeZone::UTC).map_err(wrong)?.timestamp()))
    }
}

//! `time::seconds`: a duration in seconds.

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell how many seconds a duration has. Returns a float.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seconds {
    /// The duration: `"500ms"`, `"1h30m"`.
    duration: Timeout,
}

impl Operation for Seconds {
    type Output = f64;

    const NAME: &'static str = "time::seconds";
    const POSITIONAL: &'static [&'static str] = &["duration"];
    const RETURNS: &'static str = "a float, in seconds";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let half = time::seconds("1h30m") / 2.0;"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.duration.0.as_secs_f64())
    }
}

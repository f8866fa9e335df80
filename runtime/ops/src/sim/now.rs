//! `sim::now`: how long the simulation has lasted.

use meshrun_host::{Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Tell how long the simulation has lasted, by its own time. Returns seconds, as a float. The times that objects carry are the machine's, whatever this
/// says. Fails in a run that is not simulated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Now {}

impl Operation for Now {
    type Output = f64;

    const NAME: &'static str = "sim::now";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a float, in seconds";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &["sim::not_simulated"];
    const EXAMPLE: &'static str = r#"print(`${sim::now()} seconds`);"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(super::world(cx)?.clock.elapsed().as_secs_f64())
    }
}

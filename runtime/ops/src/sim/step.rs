//! `sim::step`: let time go on.

use meshrun_host::{Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Let the time of a simulated run go on when it is stepped: everything that is due until then happens, in order, and all rests when this returns.
/// Returns how long the simulation has lasted then, in seconds. A repeat goes on further. What waits in another branch for something to happen sees it;
/// a wait in the same branch would never end. Fails in a run that is not simulated, or whose time is not stepped.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How far: `"10s"`.
    by: Timeout,
}

impl Operation for Step {
    type Output = f64;

    const NAME: &'static str = "sim::step";
    const POSITIONAL: &'static [&'static str] = &["by"];
    const RETURNS: &'static str = "a float, in seconds";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &["sim::not_simulated", "sim::not_stepped"];
    const EXAMPLE: &'static str = r#"sim::set_time("stepped");
sim::step("10s");"#;

    fn subject(&self) -> String {
        self.by.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let (world, by) = (super::world(cx)?, self.by.duration());
        let stepped = tokio::task::spawn_blocking(move || world.step(by)).await;
        let stepped = stepped.map_err(|error| Failure::bug(format!("a step did not end: {error}")))?;
        let not_stepped = || {
            Failure::new("sim::not_stepped", "the time of this simulation runs by itself")
                .with_help("let it be stepped: `--time stepped`, or `sim::set_time(\"stepped\")`")
        };
        stepped.map(|elapsed| elapsed.as_secs_f64()).ok_or_else(not_stepped)
    }
}

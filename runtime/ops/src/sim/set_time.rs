//! `sim::set_time`: how time passes.

use meshrun_host::{Effect, Failure};
use meshrun_sim::Pace;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Choose how the time of a simulated run passes from now on, as `--time` does: `automatic`, as on the machine with as few delays as possible; `fast`, in
/// which delays are over at once; `stepped`, in which simulated controllers rest until `sim::step`, and pulling images, becoming ready and trying again
/// take seconds as in life. Returns whether that is another way than before; a repeat changes nothing. Fails in a run that is not simulated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTime {
    /// `automatic`, `fast` or `stepped`.
    time: String,
}

impl Operation for SetTime {
    type Output = bool;

    const NAME: &'static str = "sim::set_time";
    const POSITIONAL: &'static [&'static str] = &["time"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &["sim::not_simulated", "sim::unknown_time"];
    const EXAMPLE: &'static str = r#"let cluster = kind::create_cluster("a");
sim::set_time("stepped");"#;

    fn subject(&self) -> String {
        self.time.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let world = super::world(cx)?;
        let pace: Result<Pace, meshrun_sim::Error> = self.time.parse();
        let pace = pace.map_err(|error| Failure::new("sim::unknown_time", error.to_string()))?;
        let changed = world.clock.set_pace(pace);
        if changed {
            cx.steps().changed(format!("time is {pace}"));
        }
        Ok(changed)
    }
}

//! `sim::clear`: let things go right again.

use meshrun_host::{Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Let a fault of a simulated run be over, or all of them when none is named: pods start again, load balancers get their addresses, nodes become
/// ready. Returns the faults that are over now; a repeat returns none. Fails in a run that is not simulated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clear {
    /// The fault, as it was asked for; all of them when it is left out.
    #[serde(default)]
    fault: Option<String>,
}

impl Operation for Clear {
    type Output = Vec<String>;

    const NAME: &'static str = "sim::clear";
    const POSITIONAL: &'static [&'static str] = &["fault"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &["sim::not_simulated", "sim::unknown_fault"];
    const EXAMPLE: &'static str = r#"sim::fault("no-address=cluster2");
print(sim::clear());"#;

    fn subject(&self) -> String {
        self.fault.clone().unwrap_or_default()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let world = super::world(cx)?;
        let fault = self.fault.as_deref().map(super::parse).transpose()?;
        let over: Vec<String> = world.clear_faults(fault.as_ref()).iter().map(ToString::to_string).collect();
        over.iter().for_each(|text| cx.steps().changed(format!("no fault {text}")));
        Ok(over)
    }
}

//! `sim::faults`: what goes wrong.

use meshrun_host::{Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// List what goes wrong in a simulated run: the faults of `--fault` and of `sim::fault`. Returns them as they are written there. Fails in a run that is
/// not simulated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Faults {}

impl Operation for Faults {
    type Output = Vec<String>;

    const NAME: &'static str = "sim::faults";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &["sim::not_simulated"];
    const EXAMPLE: &'static str = r#"for fault in sim::faults() { print(fault); }"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(super::world(cx)?.faults().iter().map(ToString::to_string).collect())
    }
}

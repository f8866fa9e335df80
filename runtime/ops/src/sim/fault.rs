//! `sim::fault`: let something go wrong.

use meshrun_host::{Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Let something go wrong in a simulated run from now on: `pull=IMAGE`, `no-address=CLUSTER`, `crash=CLUSTER/NAMESPACE/DEPLOYMENT`,
/// `silent-webhook=CLUSTER`, `slow-node=NAME`, as for `--fault`. Returns whether it is new; a repeat changes nothing. What is there already is hit, too:
/// pods of the deployment crash, the node is not ready any more. Addresses that load balancers have stay. Fails in a run that is not simulated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddFault {
    /// What shall go wrong: `no-address=cluster2`.
    fault: String,
}

impl Operation for AddFault {
    type Output = bool;

    const NAME: &'static str = "sim::fault";
    const POSITIONAL: &'static [&'static str] = &["fault"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [meshrun_host::Class] = &[];
    const FAILURES: &'static [&'static str] = &["sim::not_simulated", "sim::unknown_fault"];
    const EXAMPLE: &'static str = r#"sim::fault("no-address=cluster2");"#;

    fn subject(&self) -> String {
        self.fault.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let (world, fault) = (super::world(cx)?, super::parse(&self.fault)?);
        let text = fault.to_string();
        let is_new = world.add_fault(fault);
        if is_new {
            cx.steps().changed(format!("fault {text}"));
        }
        Ok(is_new)
    }
}

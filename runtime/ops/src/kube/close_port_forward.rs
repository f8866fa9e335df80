//! `kube::close_port_forward`: close a local port that leads into a cluster.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Close a port that `kube::port_forward` has opened, and all connections through it. Returns whether it was open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosePortForward {
    /// Its local address, as `kube::port_forward` returned it: `127.0.0.1:8080`.
    address: String,
}

impl Operation for ClosePortForward {
    type Output = bool;

    const NAME: &'static str = "kube::close_port_forward";
    const POSITIONAL: &'static [&'static str] = &["address"];
    const RETURNS: &'static str = "true when it was open";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"print(kube::close_port_forward("127.0.0.1:8080"));"#;

    fn subject(&self) -> String {
        self.address.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let forward = cx.world.clusters.forwards.lock().await.remove(&self.address);
        let was_open = forward.is_some();
        if let Some(forward) = forward {
            forward.close().await;
        }
        Ok(was_open)
    }
}

//! `docker::remove_network`: remove a network.

use meshrun_docker::networks;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Remove a network that no container is in. Returns whether there was one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveNetwork {
    /// The network's name or id.
    network: String,
}

impl Operation for RemoveNetwork {
    type Output = bool;

    const NAME: &'static str = "docker::remove_network";
    const POSITIONAL: &'static [&'static str] = &["network"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::in_use", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::create_network("side");
docker::remove_network("side");"#;

    fn subject(&self) -> String {
        self.network.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let removed = networks::remove(&docker, &self.network).await?;
        if removed {
            cx.steps().changed(format!("removed network {}", self.network));
        }
        Ok(removed)
    }
}

//! `docker::disconnect_network`: a container out of a network.

use meshrun_docker::networks;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Disconnect a container from a network. Returns whether it was in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisconnectNetwork {
    /// The network's name or id.
    network: String,
    /// The container's name or id.
    container: String,
}

impl Operation for DisconnectNetwork {
    type Output = bool;

    const NAME: &'static str = "docker::disconnect_network";
    const POSITIONAL: &'static [&'static str] = &["network", "container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::no_network", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::disconnect_network("bridge", "box");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let disconnected = networks::disconnect(&docker, &self.network, &self.container).await?;
        if disconnected {
            cx.steps().changed(format!("disconnected container {} from network {}", self.container, self.network));
        }
        Ok(disconnected)
    }
}

//! `docker::inspect`: a container as it is.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::engine_failures;
use crate::{Cx, Operation};

/// Tell what a container is and how it is doing. Returns `()` when there is none of this name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspect {
    /// The container's name or id.
    container: String,
    /// Return everything that the engine tells, in its own words, as `docker inspect` prints it.
    #[serde(default)]
    raw: bool,
}

impl Operation for Inspect {
    type Output = Value;

    const NAME: &'static str = "docker::inspect";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a map: id, name, image, image_id, state, exit_code, started_at, tty, labels, env, networks (by name: ipv4, ipv6, gateway, gateway_ipv6, aliases, network_id), ports (host_ip, host_port, container_port, protocol), mounts (kind, volume, source, target, writable); or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
let address = docker::inspect("box").networks.bridge.ipv4;"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let found = match self.raw {
            true => containers::inspect_raw(&docker, &self.container).await,
            false => containers::inspect(&docker, &self.container).await.map(|found| json!(found)),
        };
        match found {
            Err(meshrun_docker::Error::NoContainer { .. }) => Ok(Value::Null),
            other => Ok(other?),
        }
    }
}

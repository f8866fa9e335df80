//! `docker::inspect_network`: a network as it is.

use meshrun_docker::{Network, networks};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Tell what a network is and which running containers are in it. Returns `()` when there is none of this name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectNetwork {
    /// The network's name or id.
    network: String,
}

impl Operation for InspectNetwork {
    type Output = Option<Network>;

    const NAME: &'static str = "docker::inspect_network";
    const POSITIONAL: &'static [&'static str] = &["network"];
    const RETURNS: &'static str = "a map: id, name, driver, ipv6, internal, subnets (subnet, gateway, ip_range), options, labels, containers (name, id, ipv4, ipv6); or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::bad_spec"];
    const EXAMPLE: &'static str = r#"let names = docker::inspect_network("bridge").containers.map(|one| one.name);"#;

    fn subject(&self) -> String {
        self.network.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(networks::find(&docker, &self.network).await?)
    }
}

//! `docker::networks`: networks.

use meshrun_docker::{Network, networks};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// List the networks of the engine, sorted by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Only those of exactly this name; old engines allow several.
    #[serde(default)]
    name: Option<String>,
}

impl Operation for Networks {
    type Output = Vec<Network>;

    const NAME: &'static str = "docker::networks";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a list of maps: id, name, driver, ipv6, internal, subnets (subnet, gateway, ip_range), options, labels, containers (name, id, ipv4, ipv6)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![];
    const EXAMPLE: &'static str = r#"for network in docker::networks() { print(network.name); }"#;

    fn subject(&self) -> String {
        self.name.clone().unwrap_or_default()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        match &self.name {
            Some(name) => Ok(networks::named(&docker, name).await?),
            None => Ok(networks::list(&docker).await?),
        }
    }
}

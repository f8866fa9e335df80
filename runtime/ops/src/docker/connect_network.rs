//! `docker::connect_network`: a container into a network.

use std::net::{Ipv4Addr, Ipv6Addr};

use meshrun_docker::{Connection, networks};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Connect a container with a network, besides those that it is in. Returns whether it was not in it before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectNetwork {
    /// The network's name or id.
    network: String,
    /// The container's name or id.
    container: String,
    /// The IPv4 address it shall have; the network must have been made with a subnet.
    #[serde(default)]
    ipv4: Option<Ipv4Addr>,
    /// The IPv6 address it shall have.
    #[serde(default)]
    ipv6: Option<Ipv6Addr>,
    /// More names for it in this network.
    #[serde(default)]
    aliases: Vec<String>,
}

impl Operation for ConnectNetwork {
    type Output = bool;

    const NAME: &'static str = "docker::connect_network";
    const POSITIONAL: &'static [&'static str] = &["network", "container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_network", "docker::no_container", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::create_network("side");
docker::connect_network("side", "box");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let how = Connection { ipv4: self.ipv4, ipv6: self.ipv6, aliases: self.aliases };
        let connected = networks::connect(&docker, &self.network, &self.container, &how).await?;
        if connected {
            cx.steps().changed(format!("connected container {} with network {}", self.container, self.network));
        }
        Ok(connected)
    }
}

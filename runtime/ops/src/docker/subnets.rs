//! `docker::subnets`: the ranges of addresses of a network.

use meshrun_docker::networks;
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Cidr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine_failures;
use crate::{Cx, Operation};

/// Return the subnets of a network by family. Address pools for load balancers are cut from them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnets {
    /// The network's name or id.
    network: String,
}

/// Subnets by family.
#[derive(Debug, Serialize)]
pub struct Families {
    ipv4: Vec<Cidr>,
    ipv6: Vec<Cidr>,
}

impl Operation for Subnets {
    type Output = Families;

    const NAME: &'static str = "docker::subnets";
    const POSITIONAL: &'static [&'static str] = &["network"];
    const RETURNS: &'static str = "a map: ipv4, ipv6, both lists of strings such as `172.18.0.0/16`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::no_network", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"let subnet = docker::subnets("bridge").ipv4[0];"#;

    fn subject(&self) -> String {
        self.network.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let subnets = networks::inspect(&docker, &self.network).await?.subnets.into_iter().map(|one| one.subnet);
        let (ipv4, ipv6) = subnets.partition(Cidr::is_ipv4);
        Ok(Families { ipv4, ipv6 })
    }
}

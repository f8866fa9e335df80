//! `docker::create_network`: make sure that there is a network.

use std::borrow::Cow;

use meshrun_docker::{Network, NetworkSpec, networks};
use meshrun_host::{Class, Effect, Failure};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// The request of `docker::create_network`: a specification, with [a manual of its own](MANUAL).
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct CreateNetwork(NetworkSpec);

impl JsonSchema for CreateNetwork {
    fn schema_name() -> Cow<'static, str> {
        "CreateNetwork".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = NetworkSpec::json_schema(generator);
        schema.insert("description".to_owned(), MANUAL.into());
        schema
    }
}

/// The manual; the parameters are those of the specification.
const MANUAL: &str = "\
    Make sure that there is a network of this specification, and return it. One that exists must have the wanted \
    driver and subnets, and be internal and have IPv6 as wanted; options and labels are not compared.";

impl Operation for CreateNetwork {
    type Output = Network;

    const NAME: &'static str = "docker::create_network";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a map: id, name, driver, ipv6, internal, subnets (subnet, gateway, ip_range), options, labels, containers (name, id, ipv4, ipv6)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![
        "docker::differs",
        "docker::subnet_taken",
        "docker::no_ipv6",
        "docker::name_taken",
        "docker::no_network",
        "docker::bad_spec"
    ];
    const EXAMPLE: &'static str = r#"docker::create_network("mesh", #{ subnets: [#{ subnet: "10.89.0.0/16" }] });"#;

    fn subject(&self) -> String {
        self.0.name.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let (network, created) = networks::ensure(&docker, &self.0).await?;
        if created {
            cx.steps().changed(format!("created network {}", network.name));
        }
        Ok(network)
    }
}

//! `docker::create`: make sure that there is a container.

use std::borrow::Cow;

use meshrun_docker::{Container, ContainerSpec, containers};
use meshrun_host::{Class, Effect, Failure};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{container, engine_failures};
use crate::{Cx, Operation};

/// The request of `docker::create`: a specification, with [a manual of its own](MANUAL).
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Create(ContainerSpec);

impl JsonSchema for Create {
    fn schema_name() -> Cow<'static, str> {
        "Create".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ContainerSpec::json_schema(generator);
        schema.insert("description".to_owned(), MANUAL.into());
        schema
    }
}

/// The manual; the parameters are those of the specification.
const MANUAL: &str = "\
    Make sure that there is a container of this specification, and return it; it need not run. Its image is pulled \
    when the engine does not have it. A container of the same name that was made from the same specification is left \
    alone; without a name there is always a new one.";

impl Operation for Create {
    type Output = Container;

    const NAME: &'static str = "docker::create";
    const POSITIONAL: &'static [&'static str] = &["image"];
    const RETURNS: &'static str = "a map: id, name, image, image_id, state, exit_code, started_at, tty, labels, env, networks (by name: ipv4, ipv6, gateway, gateway_ipv6, aliases, network_id), ports (host_ip, host_port, container_port, protocol), mounts (kind, volume, source, target, writable)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![
        "docker::name_taken",
        "docker::differs",
        "docker::no_image",
        "docker::no_network",
        "docker::bad_spec",
        "docker::image_unknown",
        "docker::registry_denied",
        "docker::registry_limit",
        "docker::platform_unknown",
        "docker::registry_unreachable",
        "docker::credentials",
        "docker::timeout"
    ];
    const EXAMPLE: &'static str = r#"docker::create("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::start("box");"#;

    fn subject(&self) -> String {
        self.0.name.clone().unwrap_or_else(|| self.0.image.to_string())
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let (id, _) = container::ensure(cx, &docker, &self.0).await?;
        Ok(containers::inspect(&docker, &id).await?)
    }
}

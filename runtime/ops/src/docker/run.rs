//! `docker::run`: make sure that a container runs.

use std::borrow::Cow;

use meshrun_docker::{Container, ContainerSpec, containers};
use meshrun_host::{Class, Effect, Failure};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{container, engine_failures};
use crate::{Cx, Operation};

/// The request of `docker::run`: a specification, with [a manual of its own](MANUAL).
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Run(ContainerSpec);

impl JsonSchema for Run {
    fn schema_name() -> Cow<'static, str> {
        "Run".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ContainerSpec::json_schema(generator);
        schema.insert("description".to_owned(), MANUAL.into());
        schema
    }
}

/// The manual; the parameters are those of the specification.
const MANUAL: &str = "\
    Make sure that a container of this specification runs, and return it. Its image is pulled when the engine does \
    not have it. A container of the same name that was made from the same specification is only started; without a \
    name there is always a new one. It is not waited for what it does: `docker::wait_log` and `docker::wait` are for \
    that.";

impl Operation for Run {
    type Output = Container;

    const NAME: &'static str = "docker::run";
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
        "docker::timeout",
        "docker::port_taken",
        "docker::no_container"
    ];
    const EXAMPLE: &'static str = r#"let box = docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"], ports: [#{ container: 80 }] });
print(box.ports[0].host_port);"#;

    fn subject(&self) -> String {
        self.0.name.clone().unwrap_or_else(|| self.0.image.to_string())
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let (id, created) = container::ensure(cx, &docker, &self.0).await?;
        container::start(cx, &docker, &self.0, &id, created).await?;
        Ok(containers::inspect(&docker, &id).await?)
    }
}

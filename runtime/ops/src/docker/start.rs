//! `docker::start`: start a container.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Start a container that exists. Returns whether it did not run before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The container's name or id.
    container: String,
}

impl Operation for Start {
    type Output = bool;

    const NAME: &'static str = "docker::start";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_container", "docker::no_network", "docker::port_taken", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::create("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::start("box");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let started = containers::start(&docker, &self.container).await?;
        if started {
            cx.steps().changed(format!("started container {}", self.container));
        }
        Ok(started)
    }
}

//! `docker::pause`: freeze a container.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Freeze all processes of a container, as if its machine hung. Returns whether it was not paused before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The container's name or id.
    container: String,
}

impl Operation for Pause {
    type Output = bool;

    const NAME: &'static str = "docker::pause";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_container", "docker::not_running", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::pause("box");
docker::unpause("box");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let paused = containers::pause(&docker, &self.container).await?;
        if paused {
            cx.steps().changed(format!("paused container {}", self.container));
        }
        Ok(paused)
    }
}

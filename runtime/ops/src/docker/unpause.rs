//! `docker::unpause`: let a frozen container go on.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Let the processes of a paused container go on. Returns whether it was paused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unpause {
    /// The container's name or id.
    container: String,
}

impl Operation for Unpause {
    type Output = bool;

    const NAME: &'static str = "docker::unpause";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::no_container", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::pause("box");
docker::unpause("box");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let unpaused = containers::unpause(&docker, &self.container).await?;
        if unpaused {
            cx.steps().changed(format!("unpaused container {}", self.container));
        }
        Ok(unpaused)
    }
}

//! `docker::remove`: remove a container.

use meshrun_docker::{Remove, containers};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Remove a container. Returns whether there was one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveContainer {
    /// The container's name or id.
    container: String,
    /// Kill it if it runs.
    #[serde(default)]
    force: bool,
    /// Remove the volumes that were made for it alone, too.
    #[serde(default)]
    volumes: bool,
}

impl Operation for RemoveContainer {
    type Output = bool;

    const NAME: &'static str = "docker::remove";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::running", "docker::timeout", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::remove("box", #{ force: true });"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let how = Remove { force: self.force, volumes: self.volumes };
        let removed = containers::remove(&docker, &self.container, how).await?;
        if removed {
            cx.steps().changed(format!("removed container {}", self.container));
        }
        Ok(removed)
    }
}

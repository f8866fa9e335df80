//! `docker::stop`: stop a container.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Ask a container to end, and kill it when it has not after the grace period. Returns whether it ran.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The container's name or id.
    container: String,
    /// How long it may take to end by itself.
    #[serde(default = "grace")]
    grace: Timeout,
}

fn grace() -> Timeout {
    Timeout::seconds(10)
}

impl Operation for Stop {
    type Output = bool;

    const NAME: &'static str = "docker::stop";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::no_container", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::stop("box", #{ grace: "1s" });"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let stopped = containers::stop(&docker, &self.container, self.grace).await?;
        if stopped {
            cx.steps().changed(format!("stopped container {}", self.container));
        }
        Ok(stopped)
    }
}

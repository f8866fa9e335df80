//! `docker::restart`: stop and start a container.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Stop a container, if it runs, and start it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// The container's name or id.
    container: String,
    /// How long it may take to end by itself before it is killed.
    #[serde(default = "grace")]
    grace: Timeout,
}

fn grace() -> Timeout {
    Timeout::seconds(10)
}

impl Operation for Restart {
    type Output = ();

    const NAME: &'static str = "docker::restart";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "`()`";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_container", "docker::port_taken", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::restart("box", #{ grace: "1s" });"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        containers::restart(&docker, &self.container, self.grace).await?;
        cx.steps().changed(format!("restarted container {}", self.container));
        Ok(())
    }
}

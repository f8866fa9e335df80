//! `docker::wait`: the end of a container.

use meshrun_docker::containers;
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Wait until a container has ended. Returns the code it ended with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// The container's name or id.
    container: String,
    /// How long to wait.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

impl Operation for Wait {
    type Output = i64;

    const NAME: &'static str = "docker::wait";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "an int";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_container", "docker::timeout", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "job", command: ["true"] });
let code = docker::wait("job", #{ timeout: "1m" });"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(containers::wait(&docker, &self.container, self.timeout).await?)
    }
}

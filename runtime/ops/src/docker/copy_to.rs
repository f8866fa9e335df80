//! `docker::copy_to`: files to a container.

use meshrun_docker::archive;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Copy a file or a folder of this machine into a container, running or not. If `target` is a folder there, or ends with `/`, it
/// goes into that folder under its own name; else `target` is its new name. Returns whether anything was copied: what is there
/// already, with the same content and modes, is not copied again. What is mounted in memory in the container is not reached.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyTo {
    /// The container's name or id.
    container: String,
    /// The path on this machine.
    source: String,
    /// The absolute path in the container.
    target: String,
}

impl Operation for CopyTo {
    type Output = bool;

    const NAME: &'static str = "docker::copy_to";
    const POSITIONAL: &'static [&'static str] = &["container", "source", "target"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Files];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_container", "docker::bad_spec", "docker::stream"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
file::write("greeting.txt", "hello");
docker::copy_to("box", "greeting.txt", "/etc/");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let source = cx.world.environment.path(&self.source);
        let copied = archive::copy_to(&docker, &self.container, &source, &self.target).await?;
        if copied {
            cx.steps().changed(format!("copied {} to {}:{}", self.source, self.container, self.target));
        }
        Ok(copied)
    }
}

//! `docker::copy_from`: files from a container.

use meshrun_docker::archive;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Copy a file or a folder of a container, running or not, to this machine. If `target` is a folder it goes into that folder under
/// its own name; else `target` is its new name. Returns whether anything was copied: what is here already, with the same content and
/// modes, is left alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyFrom {
    /// The container's name or id.
    container: String,
    /// The path in the container.
    source: String,
    /// The path on this machine.
    target: String,
}

impl Operation for CopyFrom {
    type Output = bool;

    const NAME: &'static str = "docker::copy_from";
    const POSITIONAL: &'static [&'static str] = &["container", "source", "target"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Files];
    const FAILURES: &'static [&'static str] = engine_failures![
        "docker::no_container",
        "docker::no_path",
        "docker::unwritable",
        "docker::bad_spec",
        "docker::stream"
    ];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
docker::copy_from("box", "/etc/hostname", "hostname.txt");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let target = cx.world.environment.path(&self.target);
        let copied = archive::copy_from(&docker, &self.container, &self.source, &target).await?;
        if copied {
            cx.steps().changed(format!("copied {}:{} to {}", self.container, self.source, self.target));
        }
        Ok(copied)
    }
}

//! `docker::info`: what the engine can do and has.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Tell what the Docker engine can do and has: control groups, storage, limits, processors and memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Info {}

impl Operation for Info {
    type Output = meshrun_docker::Info;

    const NAME: &'static str = "docker::info";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a map: name, version, operating_system, architecture, cgroup_version, cgroup_driver, security_options, rootless, storage_driver, backing_filesystem, containerd_images, memory_limit, pids_limit, cpu_limit, cpus, memory in bytes, root_folder, warnings";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![];
    const EXAMPLE: &'static str = r#"let engine = docker::info();
if engine.cpus < 4 { print("Istio will be slow here"); }"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_docker::info(&docker).await?)
    }
}

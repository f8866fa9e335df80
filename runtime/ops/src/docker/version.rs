//! `docker::version`: the engine's version.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Tell which Docker engine is in use: its version, its API and the system it runs on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {}

impl Operation for Version {
    type Output = meshrun_docker::Version;

    const NAME: &'static str = "docker::version";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a map: version, api_version, min_api_version, os, arch, kernel";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![];
    const EXAMPLE: &'static str = r#"let engine = docker::version();
print(`Docker ${engine.version} on ${engine.os}/${engine.arch}`);"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_docker::version(&docker).await?)
    }
}

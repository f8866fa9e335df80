//! `docker::volumes`: volumes.

use meshrun_docker::{Volume, volumes};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// List the volumes of the engine, sorted by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volumes {}

impl Operation for Volumes {
    type Output = Vec<Volume>;

    const NAME: &'static str = "docker::volumes";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a list of maps: name, driver, path, labels, options";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![];
    const EXAMPLE: &'static str = r#"for volume in docker::volumes() { print(volume.name); }"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(volumes::list(&docker).await?)
    }
}

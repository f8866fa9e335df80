//! `docker::images`: the images of the engine.

use meshrun_docker::{ImageSummary, images};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// List the images of the engine, sorted by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Images {}

impl Operation for Images {
    type Output = Vec<ImageSummary>;

    const NAME: &'static str = "docker::images";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a list of maps: id, tags, digests, size in bytes, labels";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![];
    const EXAMPLE: &'static str = r#"for image in docker::images() { print(image.tags); }"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(images::list(&docker).await?)
    }
}

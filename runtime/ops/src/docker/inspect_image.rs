//! `docker::inspect_image`: an image as it is.

use meshrun_docker::{ImageInfo, images};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Tell what an image of the engine is. Returns `()` when the engine has none of this name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectImage {
    /// The image's name or id.
    image: String,
}

impl Operation for InspectImage {
    type Output = Option<ImageInfo>;

    const NAME: &'static str = "docker::inspect_image";
    const POSITIONAL: &'static [&'static str] = &["image"];
    const RETURNS: &'static str =
        "a map: id, tags, digests, platform, size in bytes, created, entrypoint, command, env, labels; or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::bad_spec"];
    const EXAMPLE: &'static str = r#"if docker::inspect_image("busybox:1.36") == () { docker::pull("busybox:1.36"); }"#;

    fn subject(&self) -> String {
        self.image.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(images::find(&docker, &self.image).await?)
    }
}

//! `docker::tag_image`: one more name for an image.

use meshrun_docker::images;
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Image;
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Give an image of the engine one more name. A name that stood for another image stands for this one then. Returns whether that
/// was not so before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagImage {
    /// The image's name or id.
    image: String,
    /// The new name.
    name: Image,
}

impl Operation for TagImage {
    type Output = bool;

    const NAME: &'static str = "docker::tag_image";
    const POSITIONAL: &'static [&'static str] = &["image", "name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::no_image", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::pull("busybox:1.36");
docker::tag_image("busybox:1.36", "local/box:v1");"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let changed = images::tag(&docker, &self.image, &self.name).await?;
        if changed {
            cx.steps().changed(format!("tagged image {} as {}", self.image, self.name));
        }
        Ok(changed)
    }
}

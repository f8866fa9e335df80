//! `docker::remove_image`: remove an image.

use meshrun_docker::images;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Remove a name of an image from the engine, and the image itself with its last name. Returns whether there was one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveImage {
    /// The image's name or id.
    image: String,
    /// Remove it even while a stopped container uses it.
    #[serde(default)]
    force: bool,
}

impl Operation for RemoveImage {
    type Output = bool;

    const NAME: &'static str = "docker::remove_image";
    const POSITIONAL: &'static [&'static str] = &["image"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::in_use", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::remove_image("local/box:v1");"#;

    fn subject(&self) -> String {
        self.image.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let removed = images::remove(&docker, &self.image, self.force).await?;
        if removed {
            cx.steps().changed(format!("removed image {}", self.image));
        }
        Ok(removed)
    }
}

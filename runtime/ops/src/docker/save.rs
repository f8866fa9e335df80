//! `docker::save`: images to an archive.

use meshrun_docker::save_file;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Write images of the engine to an archive that `docker load`, [`docker::load`] and kind read. Layers that they share are in it
/// once. The file appears when it is complete; one with the same bytes is left alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// The images' names.
    images: Vec<String>,
    /// The archive's path.
    path: String,
}

impl Operation for Save {
    type Output = ();

    const NAME: &'static str = "docker::save";
    const POSITIONAL: &'static [&'static str] = &["images", "path"];
    const RETURNS: &'static str = "`()`";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Files];
    const FAILURES: &'static [&'static str] =
        engine_failures!["docker::no_image", "docker::bad_spec", "docker::unwritable"];
    const EXAMPLE: &'static str = r#"docker::pull("busybox:1.36");
docker::save(["busybox:1.36"], "busybox.tar");"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let names: Vec<&str> = self.images.iter().map(String::as_str).collect();
        if save_file(&docker, &names, &cx.world.environment.path(&self.path), cx.steps()).await? {
            cx.steps().changed(format!("wrote {}", self.path));
        }
        Ok(())
    }
}

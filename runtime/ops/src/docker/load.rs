//! `docker::load`: images from an archive.

use meshrun_docker::{images, load_file};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Load images into the engine from an archive as `docker save` and [`docker::save`] write it, also a compressed one. Returns their
/// names, or their ids when they have none. Loading images that are there changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// The archive's path.
    path: String,
}

impl Operation for Load {
    type Output = Vec<String>;

    const NAME: &'static str = "docker::load";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Files];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::stream"];
    const EXAMPLE: &'static str = r#"docker::pull("busybox:1.36");
docker::save(["busybox:1.36"], "busybox.tar");
let names = docker::load("busybox.tar");"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let before = images::list(&docker).await?;
        let loaded = load_file(&docker, &cx.world.environment.path(&self.path), cx.steps()).await?;
        if images::list(&docker).await? != before {
            cx.steps().changed(format!("loaded images {}", loaded.join(", ")));
        }
        Ok(loaded)
    }
}

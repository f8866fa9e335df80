//! `docker::remove_volume`: remove a volume.

use meshrun_docker::volumes;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Remove a volume that no container uses, with everything in it. Returns whether there was one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveVolume {
    /// The volume's name.
    name: String,
}

impl Operation for RemoveVolume {
    type Output = bool;

    const NAME: &'static str = "docker::remove_volume";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::in_use", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::create_volume("cache");
docker::remove_volume("cache");"#;

    fn subject(&self) -> String {
        self.name.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let removed = volumes::remove(&docker, &self.name).await?;
        if removed {
            cx.steps().changed(format!("removed volume {}", self.name));
        }
        Ok(removed)
    }
}

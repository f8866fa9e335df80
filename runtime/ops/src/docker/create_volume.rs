//! `docker::create_volume`: a volume.

use std::collections::BTreeMap;

use meshrun_docker::{Volume, volumes};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Make sure that there is a volume of this name, and return it. Labels of one that exists are left alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolume {
    /// The volume's name.
    name: String,
    /// Its labels.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Operation for CreateVolume {
    type Output = Volume;

    const NAME: &'static str = "docker::create_volume";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a map: name, driver, path, labels, options";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::create_volume("cache");"#;

    fn subject(&self) -> String {
        self.name.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let (volume, created) = volumes::create(&docker, &self.name, &self.labels).await?;
        if created {
            cx.steps().changed(format!("created volume {}", self.name));
        }
        Ok(volume)
    }
}

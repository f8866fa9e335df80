//! `docker::pull`: bring an image from its registry.

use meshrun_docker::{ImageInfo, images};
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::{Image, Timeout};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Make sure that the engine has an image, and pull it from its registry if it has not. Returns the image. An image that is there
/// is not looked for in the registry unless `always` is given. Credentials are those of `docker login`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// The image's name.
    image: Image,
    /// The platform, such as `linux/arm64`; the engine's own when it is left out.
    #[serde(default)]
    platform: Option<String>,
    /// Ask the registry even if the engine has an image of this name.
    #[serde(default)]
    always: bool,
    /// How often to try again when the registry does not answer.
    #[serde(default = "retries")]
    retries: u32,
    /// How long all attempts together may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn retries() -> u32 {
    meshrun_docker::Pull::default().retries
}

fn timeout() -> Timeout {
    meshrun_docker::Pull::default().timeout
}

impl Operation for Pull {
    type Output = ImageInfo;

    const NAME: &'static str = "docker::pull";
    const POSITIONAL: &'static [&'static str] = &["image"];
    const RETURNS: &'static str =
        "a map: id, tags, digests, platform, size in bytes, created, entrypoint, command, env, labels";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![
        "docker::image_unknown",
        "docker::registry_denied",
        "docker::registry_limit",
        "docker::platform_unknown",
        "docker::registry_unreachable",
        "docker::credentials",
        "docker::timeout"
    ];
    const EXAMPLE: &'static str = r#"let image = docker::pull("busybox:1.36", #{ timeout: "5m" });
print(image.id);"#;

    fn subject(&self) -> String {
        self.image.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let Self { image, platform, always, retries, timeout } = self;
        let how = meshrun_docker::Pull { platform, always, retries, timeout };
        meshrun_docker::pull(&docker, &image, &how, cx.steps()).await?;
        Ok(images::inspect(&docker, image.as_str()).await?)
    }
}

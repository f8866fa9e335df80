//! `kind::load_image`: images of the engine for the nodes of a cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::{Image, Timeout};
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Bring images that the engine has to the nodes of a kind cluster that lack them. Each is read once, for all nodes. Returns the names of the nodes that
/// got something; a repeat finds that none lacks anything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadImage {
    /// The cluster.
    name: Named,
    /// The image, or a list of images.
    images: Images,
    /// The nodes; all when it is left out.
    #[serde(default)]
    nodes: Vec<String>,
    /// How long a node may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

/// One image or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected an image or a list of images")]
#[schemars(inline)]
enum Images {
    /// One.
    One(Image),
    /// Several.
    Several(Vec<Image>),
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

impl Operation for LoadImage {
    type Output = Vec<String>;

    const NAME: &'static str = "kind::load_image";
    const POSITIONAL: &'static [&'static str] = &["name", "images"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures![
        &["docker::no_image", "docker::exec_failed", "kind::no_node", "kind::load", "kind::no_space"],
        failures::NODES,
        failures::ENGINE,
    ];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
docker::pull("busybox:1.36");
kind::load_image("east", "busybox:1.36");"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let images = match self.images {
            Images::One(image) => vec![image],
            Images::Several(images) => images,
        };
        Ok(meshrun_kind::load_images(&docker, &self.name, &images, &self.nodes, self.timeout, cx.steps()).await?)
    }
}

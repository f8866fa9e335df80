//! `kind::load_archive`: images of an archive for the nodes of a cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Bring the images of an archive, as `docker save` and `docker::save` write it, to the nodes of a kind cluster. Returns the names of the nodes. What
/// they have already is not looked for, so a repeat loads it again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadArchive {
    /// The cluster.
    name: Named,
    /// The archive's path.
    path: String,
    /// The nodes; all when it is left out.
    #[serde(default)]
    nodes: Vec<String>,
    /// How long a node may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

impl Operation for LoadArchive {
    type Output = Vec<String>;

    const NAME: &'static str = "kind::load_archive";
    const POSITIONAL: &'static [&'static str] = &["name", "path"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Files];
    const FAILURES: &'static [&'static str] = failures![
        &["docker::exec_failed", "kind::no_node", "kind::load", "kind::file", "kind::no_space"],
        failures::NODES,
        failures::ENGINE,
    ];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
docker::pull("busybox:1.36");
docker::save(["busybox:1.36"], "busybox.tar");
kind::load_archive("east", "busybox.tar");"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let path = cx.world.environment.path(&self.path);
        Ok(meshrun_kind::load_archive(&docker, &self.name, &path, &self.nodes, self.timeout, cx.steps()).await?)
    }
}

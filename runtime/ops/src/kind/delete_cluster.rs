//! `kind::delete_cluster`: delete a cluster.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{contexts, named::Named};
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Delete a kind cluster, whoever made it: its containers with their volumes, and its contexts in the kubeconfig. Returns whether there was
/// anything to delete. The Docker network and images stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteCluster {
    /// The cluster.
    name: Named,
    /// The kubeconfig file to remove the contexts from; the one that kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
}

impl Operation for DeleteCluster {
    type Output = bool;

    const NAME: &'static str = "kind::delete_cluster";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Kube];
    const FAILURES: &'static [&'static str] = failures![
        &["docker::timeout", "docker::in_use", "docker::bad_spec"],
        failures::ENGINE,
        failures::KUBECONFIG,
        failures::KUBECONFIG_EDIT,
    ];
    const EXAMPLE: &'static str = r#"for name in kind::clusters() { kind::delete_cluster(name); }"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let nodes = meshrun_kind::delete(&docker, &self.name, cx.steps()).await?;
        let was_there = !nodes.is_empty();
        let forgotten = contexts::remove(cx, self.kubeconfig.as_deref(), &self.name, was_there).await?;
        Ok(was_there || forgotten)
    }
}

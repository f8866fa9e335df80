//! `kind::kubeconfig`: the kubeconfig of a cluster, as text.

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Read the kubeconfig of a kind cluster, with the names that kind gives its entries. It holds the administrator's key. Nothing is written:
/// `kind::export_kubeconfig` does that.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadKubeconfig {
    /// The cluster.
    name: Named,
    /// Name the API server as other containers of the Docker network know it.
    #[serde(default)]
    internal: bool,
}

impl Operation for ReadKubeconfig {
    type Output = Secret;

    const NAME: &'static str = "kind::kubeconfig";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a string, a YAML text";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures![failures::NODES, failures::ENGINE];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
let config = yaml::parse(kind::kubeconfig("east", #{ internal: true }));
print(config.clusters[0].cluster.server);"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_kind::kubeconfig(&docker, &self.name, self.internal).await?)
    }
}

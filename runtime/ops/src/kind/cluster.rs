//! `kind::cluster`: a cluster that exists.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kind::key;
use meshrun_kube::kubeconfig;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{contexts, named::Named};
use crate::{
    Cluster, Cx, Operation,
    failures::{self, failures},
};

/// Find a kind cluster that exists, whoever made it. Returns it as `kind::create_cluster` does. When the kubeconfig has no context for it,
/// `kind::export_kubeconfig` writes one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindCluster {
    /// Its name.
    name: Named,
    /// The context that leads to it; `kind-<name>` when it is left out.
    #[serde(default)]
    context: Option<String>,
    /// The kubeconfig file that has the context; the one that kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
}

impl Operation for FindCluster {
    type Output = Cluster;

    const NAME: &'static str = "kind::cluster";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a cluster: a map of name, context, kubeconfig, server, internal_server, network";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Kube];
    const FAILURES: &'static [&'static str] =
        failures![&["kind::no_cluster", "kind::no_api_server"], failures::ENGINE, failures::KUBECONFIG];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
let east = kind::cluster("east");
print(kube::list(east, "nodes").len());"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let found = meshrun_kind::get(&docker, &self.name).await?;
        let context = self.context.unwrap_or_else(|| key(&self.name));
        let source = cx.world.kubeconfig(self.kubeconfig.as_deref());
        let known = kubeconfig::contexts(&source)?.into_iter().find(|known| known.name == context);
        let server = known.as_ref().and_then(|known| known.server.clone()).or_else(|| found.server.clone());
        let path = known.map(|known| known.file).or_else(|| source.file.clone());
        Ok(contexts::described(&found, context, path.as_ref(), server.as_deref()))
    }
}

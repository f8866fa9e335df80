//! `kind::export_kubeconfig`: write the contexts of a cluster.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    contexts::{self, Place, Wanted},
    named::Named,
};
use crate::{
    Cluster, Cx, Operation,
    failures::{self, failures},
};

/// Make sure that the kubeconfig has the context `kind-<name>` of a kind cluster, whoever made it, and a second one if asked for. From then on
/// meshrun may change the cluster. Returns the cluster as `kind::create_cluster` does. When that changes the file, the context is made the current
/// one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportKubeconfig {
    /// The cluster.
    name: Named,
    /// The kubeconfig file; the one that kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
    /// The name of a second context, beside `kind-<name>`.
    #[serde(default)]
    context: Option<String>,
    /// Where the second context finds the API server: `host`, the port that this machine publishes, or `node`, the node's address in the Docker
    /// network.
    #[serde(default)]
    server: Place,
}

impl Operation for ExportKubeconfig {
    type Output = Cluster;

    const NAME: &'static str = "kind::export_kubeconfig";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a cluster: a map of name, context, kubeconfig, server, internal_server, network";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Kube];
    const FAILURES: &'static [&'static str] = failures![
        &["kube::context_taken", "kube::no_context"],
        failures::NODES,
        failures::ENGINE,
        failures::KUBECONFIG,
        failures::KUBECONFIG_EDIT,
    ];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
let east = kind::export_kubeconfig("east", #{ kubeconfig: "east.yaml", context: "east", server: "node" });
print(east.server);"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let found = meshrun_kind::get(&docker, &self.name).await?;
        let wanted = Wanted { kubeconfig: self.kubeconfig, context: self.context, server: self.server };
        contexts::write(cx, &docker, &found, &wanted).await
    }
}

//! `istio::remotes`: the other clusters that a control plane reads.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::debug::{Remote, remotes, wait_for_remotes};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace, soon};
use crate::{Cluster, Cx, Operation};

/// List the remote clusters of a control plane, as `istioctl remote-clusters` does, as each of its istiods tells. `wait` names clusters to
/// wait for until all istiods have read them. Needs an istiod that is ready.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remotes {
    /// The cluster with the control plane.
    cluster: Cluster,
    /// Names of clusters to wait for.
    #[serde(default)]
    wait: Vec<String>,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// How long they are waited for.
    #[serde(default = "soon")]
    timeout: Timeout,
}

impl Operation for Remotes {
    type Output = Vec<Remote>;

    const NAME: &'static str = "istio::remotes";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a list of maps: name, status (`synced`, `syncing`, `timeout` or `closed`), synced, secret (`namespace/name`), istiod (the pod that says so)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "istio::no_istiod",
        "istio::no_answer",
        "istio::not_synced",
        "kube::no_pod",
        "kube::not_found",
        "kube::port_taken"
    ];
    const EXAMPLE: &'static str = r#"for remote in istio::remotes("kind-cluster1", #{ wait: ["cluster2"], timeout: "1m" }) {
    print(`${remote.name}: ${remote.status}`);
}"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        if self.wait.is_empty() {
            return Ok(remotes(&client, &self.namespace).await?);
        }
        Ok(wait_for_remotes(&client, &self.namespace, &self.wait, self.timeout, cx.steps()).await?)
    }
}

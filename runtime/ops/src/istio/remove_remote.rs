//! `istio::remove_remote`: a control plane that no longer reads another cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::remote::remove;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace, soon};
use crate::{Cluster, Cx, Operation};

/// Take the remote secret of another cluster away from a control plane, whatever the secret is called. Returns whether there was one; a
/// repeat changes nothing. The token that it held stays valid in the other cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveRemote {
    /// The cluster with the control plane.
    cluster: Cluster,
    /// The other cluster's name in the mesh.
    name: String,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// How long it may take until it is gone.
    #[serde(default = "soon")]
    timeout: Timeout,
}

impl Operation for RemoveRemote {
    type Output = bool;

    const NAME: &'static str = "istio::remove_remote";
    const POSITIONAL: &'static [&'static str] = &["cluster", "name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::foreign_context", "kube::wait", "kube::several", "kube::not_found"];
    const EXAMPLE: &'static str = r#"istio::remove_remote("kind-cluster1", "cluster2");"#;

    fn subject(&self) -> String {
        format!("{} from {}", self.name, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        Ok(remove(&client, &self.namespace, &self.name, self.timeout, cx.steps()).await?)
    }
}

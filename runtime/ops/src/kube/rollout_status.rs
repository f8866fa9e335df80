//! `kube::rollout_status`: how far a rollout is.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Rollout, rollout_status};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// Tell how far the rollout of a workload is, by the rules of `kubectl rollout status`. To wait for it, see `kube::wait` with `rolled_out`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutStatus {
    /// The cluster.
    cluster: Cluster,
    /// A Deployment, DaemonSet, StatefulSet or ReplicaSet: `deploy/web`.
    object: String,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
}

impl Operation for RolloutStatus {
    type Output = Rollout;

    const NAME: &'static str = "kube::rollout_status";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "a map: state (`complete`, `underway` or `stuck`), seen";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::no_kind", "kube::not_found", "kube::bad_reference"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
let rollout = kube::rollout_status(east, "deploy/coredns", #{ namespace: "kube-system" });
print(rollout.seen);"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(rollout_status(&client, &reference(&self.object, self.namespace)?).await?)
    }
}

//! `kube::rollout_restart`: replace all pods of a workload.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Condition, WaitOptions, rollout_restart, wait};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// Replace all pods of a workload, as its strategy says, and wait until that is done. A repeat restarts again. Returns nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutRestart {
    /// The cluster.
    cluster: Cluster,
    /// A Deployment, DaemonSet or StatefulSet: `deploy/web`.
    object: String,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Wait until the new pods are ready.
    #[serde(default = "yes")]
    wait: bool,
    /// How long to wait.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn yes() -> bool {
    true
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

impl Operation for RolloutRestart {
    type Output = ();

    const NAME: &'static str = "kube::rollout_restart";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "`()`";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::no_kind",
        "kube::not_found",
        "kube::bad_reference",
        "kube::invalid",
        "kube::wait"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::rollout_restart(east, "deploy/coredns", #{ namespace: "kube-system" });"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let reference = reference(&self.object, self.namespace)?;
        rollout_restart(&client, &reference, cx.steps()).await?;
        if self.wait {
            let options = WaitOptions::within(self.timeout);
            wait(&client, &reference.into(), &Condition::RolledOut, &options, cx.steps()).await?;
        }
        Ok(())
    }
}

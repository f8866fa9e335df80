//! `kube::pods`: the pods behind an object.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{get, pods_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// List the pods of a workload or behind a service, the newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pods {
    /// The cluster.
    cluster: Cluster,
    /// A workload or service: `deploy/web`, `svc/web`.
    object: String,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
}

impl Operation for Pods {
    type Output = Vec<Value>;

    const NAME: &'static str = "kube::pods";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "a list of maps, the pods";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::no_kind", "kube::not_found", "kube::bad_reference", "kube::invalid"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
for pod in kube::pods(east, "svc/kube-dns", #{ namespace: "kube-system" }) { print(pod.status.podIP); }"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let object = get(&client, &reference(&self.object, self.namespace)?).await?;
        Ok(pods_of(&client, &object).await?)
    }
}

//! `kube::create_namespace`: a namespace, as it should be.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::create_namespace;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Make sure that there is a namespace with these labels; others that it has stay. Returns whether something was changed. One that is
/// being deleted is waited for and made anew.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNamespace {
    /// The cluster.
    cluster: Cluster,
    /// Its name.
    name: String,
    /// Labels that it must have.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// How long to wait for one that is being deleted.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::minutes(2)
}

impl Operation for CreateNamespace {
    type Output = bool;

    const NAME: &'static str = "kube::create_namespace";
    const POSITIONAL: &'static [&'static str] = &["cluster", "name", "labels"];
    const RETURNS: &'static str = "true when it was created or labelled, false when it was so";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::foreign_context", "kube::invalid", "kube::wait"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::create_namespace(east, "sample", #{ "istio-injection": "enabled" });"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.name, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        Ok(create_namespace(&client, &self.name, &self.labels, self.timeout, cx.steps()).await?)
    }
}

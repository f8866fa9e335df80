//! `kube::list`: objects of a kind.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Query, list};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// List the objects of a kind. Returns them as the API server has them, in the order of their names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The cluster.
    cluster: Cluster,
    /// The kind, as for kubectl: `pods`, `deploy`, `gateways.networking.istio.io`.
    kind: String,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Only objects with these labels: `app=web,tier in (a, b)`.
    #[serde(default)]
    selector: Option<String>,
    /// Only objects with these fields: `spec.nodeName=node1`.
    #[serde(default)]
    field_selector: Option<String>,
    /// Look into all namespaces.
    #[serde(default)]
    all_namespaces: bool,
}

impl Operation for List {
    type Output = Vec<Value>;

    const NAME: &'static str = "kube::list";
    const POSITIONAL: &'static [&'static str] = &["cluster", "kind"];
    const RETURNS: &'static str = "a list of maps, the objects";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::no_kind", "kube::invalid"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
for pod in kube::list(east, "pods", #{ all_namespaces: true }) { print(pod.metadata.name); }"#;

    fn subject(&self) -> String {
        format!("{} of {}", self.kind, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let query = Query {
            kind: self.kind,
            namespace: self.namespace,
            all_namespaces: self.all_namespaces,
            labels: self.selector,
            fields: self.field_selector,
        };
        Ok(list(&client, &query).await?)
    }
}

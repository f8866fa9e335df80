//! `kube::create_config_map`: a config map, as it should be.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Applied, Details, create_config_map};
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Make sure that there is a config map with exactly this data. Returns what became of it; a repeat finds it unchanged.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConfigMap {
    /// The cluster.
    cluster: Cluster,
    /// Its name.
    name: String,
    /// Its values by key, as text.
    data: BTreeMap<String, String>,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Labels.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Operation for CreateConfigMap {
    type Output = Applied;

    const NAME: &'static str = "kube::create_config_map";
    const POSITIONAL: &'static [&'static str] = &["cluster", "name", "data"];
    const RETURNS: &'static str =
        "a map: api_version, kind, namespace, name, action (`created`, `configured` or `unchanged`)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::foreign_context", "kube::invalid", "kube::conflict"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::create_config_map(east, "settings", #{ mode: "fast" });"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.name, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let namespace = self.namespace.as_deref().unwrap_or(client.namespace());
        let details = Details { kind: None, labels: self.labels, annotations: self.annotations };
        Ok(create_config_map(&client, namespace, &self.name, &self.data, &details, cx.steps()).await?)
    }
}

//! `istio::expose_istiod`: a cluster's control plane for clusters that have none.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::gateway::{expose, expose_istiod};
use meshrun_kube::Applied;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace, soon};
use crate::{Cluster, Cx, Operation};

/// Let remote clusters reach a cluster's istiod through its east-west gateway, by a Gateway and a VirtualService as in the guides of
/// primary and remote. Returns what became of them; a repeat changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExposeIstiod {
    /// The cluster.
    cluster: Cluster,
    /// The namespace of the gateway and of istiod.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// The revision of istiod; none and `default` mean the one without a name.
    #[serde(default)]
    revision: Option<String>,
    /// How long a webhook that does not serve yet is waited for.
    #[serde(default = "soon")]
    timeout: Timeout,
}

impl Operation for ExposeIstiod {
    type Output = Vec<Applied>;

    const NAME: &'static str = "istio::expose_istiod";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str =
        "a list of maps: api_version, kind, namespace, name, action (`created`, `configured` or `unchanged`)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::no_kind",
        "kube::invalid",
        "kube::not_found",
        "kube::several"
    ];
    const EXAMPLE: &'static str = r#"istio::expose_istiod("kind-cluster1");"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let revision = self.revision.as_deref().filter(|revision| !matches!(*revision, "" | "default"));
        Ok(expose(&client, expose_istiod(&self.namespace, revision), self.timeout, cx.steps()).await?)
    }
}

//! `istio::expose_services`: a cluster's services for the other networks.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::gateway::{expose, expose_services};
use meshrun_kube::Applied;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace, soon};
use crate::{Cluster, Cx, Operation};

/// Let the other networks reach every service of a cluster through its east-west gateway, by the Gateway `cross-network-gateway` of the
/// multicluster guides. Returns what became of it; a repeat changes nothing. Do it before `istio::east_west`, in a cluster that
/// has Istio.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExposeServices {
    /// The cluster.
    cluster: Cluster,
    /// The namespace of the gateway.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// How long a webhook that does not serve yet is waited for.
    #[serde(default = "soon")]
    timeout: Timeout,
}

impl Operation for ExposeServices {
    type Output = Vec<Applied>;

    const NAME: &'static str = "istio::expose_services";
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
    const EXAMPLE: &'static str = r#"istio::expose_services("kind-cluster1");"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let objects = vec![expose_services(&self.namespace)];
        Ok(expose(&client, objects, self.timeout, cx.steps()).await?)
    }
}

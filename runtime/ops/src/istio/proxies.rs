//! `istio::proxies`: the proxies that a control plane serves.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::debug::{Proxy, proxies};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace};
use crate::{Cluster, Cx, Operation};

/// List the proxies that are connected to a control plane, as `istioctl proxy-status` does, and whether they have what it has. Needs an
/// istiod that is ready.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxies {
    /// The cluster with the control plane.
    cluster: Cluster,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
}

impl Operation for Proxies {
    type Output = Vec<Proxy>;

    const NAME: &'static str = "istio::proxies";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a list of maps: name (the pod), namespace, cluster, version, istiod (the pod that serves it), clusters, listeners, endpoints, routes (each `SYNCED`, `NOT SENT`, `STALE` or `STALE (Never Acknowledged)`), synced (nothing is stale)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "istio::no_istiod",
        "istio::no_answer",
        "kube::no_pod",
        "kube::not_found",
        "kube::port_taken"
    ];
    const EXAMPLE: &'static str = r#"for proxy in istio::proxies("kind-cluster1") {
    print(`${proxy.namespace}/${proxy.name}: ${proxy.listeners}`);
}"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(proxies(&client, &self.namespace).await?)
    }
}

//! `istio::verify`: whether a mesh is as it must be.

use futures::future::try_join_all;
use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::verify::{Finding, Target, verify};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace};
use crate::{Cluster, Cx, Operation};

/// Look whether the clusters of a mesh are as they must be for traffic to flow: istiod and its webhooks, the root that all share,
/// networks, east-west gateways and what is exposed through them, remote secrets and whether istiod has read them, pods without
/// a proxy. Returns what is wrong, errors first; nothing is found in a mesh that is well. Changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// All clusters of the mesh, or the only one.
    clusters: Clusters,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
}

/// One cluster or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Clusters {
    /// Several.
    Many(Vec<Cluster>),
    /// One.
    One(Cluster),
}

impl Clusters {
    fn all(&self) -> &[Cluster] {
        match self {
            Self::Many(clusters) => clusters,
            Self::One(cluster) => std::slice::from_ref(cluster),
        }
    }
}

impl Operation for Verify {
    type Output = Vec<Finding>;

    const NAME: &'static str = "istio::verify";
    const POSITIONAL: &'static [&'static str] = &["clusters"];
    const RETURNS: &'static str =
        "a list of maps: severity (`error` or `warning`), cluster, subject, message (what is wrong), help (what to do)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["istio::certificate", "kube::no_kind", "kube::not_found"];
    const EXAMPLE: &'static str = r#"for finding in istio::verify(["kind-cluster1", "kind-cluster2"]) {
    print(`${finding.severity}: ${finding.cluster}: ${finding.subject}: ${finding.message}`);
}"#;

    fn subject(&self) -> String {
        self.clusters.all().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let targets = self.clusters.all().iter().map(|cluster| async move {
            Ok::<_, Failure>(Target { name: cluster.name.clone(), client: cx.world.kube(cluster).await? })
        });
        Ok(verify(&try_join_all(targets).await?, &self.namespace).await?)
    }
}

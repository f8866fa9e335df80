//! `istio::version`: the control planes that a cluster has.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::debug::{ControlPlane, control_planes};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, istio_namespace};
use crate::{Cluster, Cx, Operation};

/// List the control planes of a cluster, with their versions. The list is empty when there is none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The cluster.
    cluster: Cluster,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
}

impl Operation for Version {
    type Output = Vec<ControlPlane>;

    const NAME: &'static str = "istio::version";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a list of maps: revision (`default` without a name), version (the image's), image, cluster (its name in the mesh), ready (how many of its pods), replicas";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![];
    const EXAMPLE: &'static str =
        r#"for istiod in istio::version("kind-cluster1") { print(`${istiod.revision} ${istiod.version}`); }"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(control_planes(&client, &self.namespace).await?)
    }
}

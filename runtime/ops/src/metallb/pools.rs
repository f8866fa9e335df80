//! `metallb::pools`: the address pools that a cluster has.

use meshrun_host::{Class, Effect, Failure};
use meshrun_metallb::Pool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// List the address pools of a cluster. Returns a list, by name; it is empty when the cluster has no MetalLB. IPv6
/// addresses are left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pools {
    /// The cluster.
    cluster: Cluster,
}

impl Operation for Pools {
    type Output = Vec<Pool>;

    const NAME: &'static str = "metallb::pools";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a list of maps: name, ranges (a list of strings)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![];
    const EXAMPLE: &'static str = r#"for pool in metallb::pools("kind-cluster1") { print(pool.name); }"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(meshrun_metallb::pools(&client).await?)
    }
}

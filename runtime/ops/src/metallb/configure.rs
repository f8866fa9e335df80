//! `metallb::configure`: the addresses of a cluster's load balancers.

use meshrun_host::{Class, Effect, Failure};
use meshrun_metallb::{Configuration, Pool, Range};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Let a cluster give these addresses to its services of type LoadBalancer, and announce them in the network of its nodes.
/// Makes an IPAddressPool and an L2Advertisement. Returns the pool; a repeat changes nothing. The cluster needs MetalLB; addresses
/// that no other cluster of the network has come from `metallb::plan`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configure {
    /// The cluster.
    cluster: Cluster,
    /// The addresses, such as `["172.18.255.200-172.18.255.219"]`.
    ranges: Vec<Range>,
    /// The name of the pool.
    #[serde(default = "pool")]
    pool: String,
    /// The name of its announcement.
    #[serde(default = "advertisement")]
    advertisement: String,
    /// How long a webhook that does not serve yet is waited for.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

impl Operation for Configure {
    type Output = Pool;

    const NAME: &'static str = "metallb::configure";
    const POSITIONAL: &'static [&'static str] = &["cluster", "ranges"];
    const RETURNS: &'static str = "a map: name, ranges (a list of strings)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::invalid",
        "kube::several",
        "metallb::not_installed",
        "metallb::pool_refused"
    ];
    const EXAMPLE: &'static str = r#"metallb::configure("kind-cluster1", ["172.18.255.200-172.18.255.219"]);"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let wanted = Configuration { pool: self.pool, advertisement: self.advertisement, ranges: self.ranges };
        meshrun_metallb::configure(&client, &wanted, self.timeout, cx.steps()).await?;
        Ok(Pool { name: wanted.pool, ranges: wanted.ranges })
    }
}

pub(super) fn pool() -> String {
    "first-pool".to_owned()
}

fn advertisement() -> String {
    "first-adv".to_owned()
}

fn timeout() -> Timeout {
    Timeout::minutes(2)
}

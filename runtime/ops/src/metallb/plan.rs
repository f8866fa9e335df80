//! `metallb::plan`: addresses for the load balancers of all clusters of a network.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use meshrun_host::{Class, Effect, Failure};
use meshrun_metallb::{Assignment, Claim, Network, Range, Subnet, Used};
use meshrun_terms::Cidr;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, configure::pool};
use crate::{Cluster, Cx, Operation};

/// Choose addresses for the load balancers of clusters on one network, so that none overlaps another, a container or what the
/// engine will give to the next ones. Returns what each cluster gets, in their order; nothing is changed yet: hand each
/// `range` and `pool` to `metallb::configure`. A pool that a cluster has is kept while it is good, so a repeat gives the same.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The clusters.
    clusters: Vec<Cluster>,
    /// The Docker network of their nodes; by default that of the first cluster that names one, else `kind`.
    #[serde(default)]
    network: Option<String>,
    /// Plan in this subnet instead of a Docker network, for clusters that are elsewhere.
    #[serde(default)]
    subnet: Option<Cidr>,
    /// How many addresses each cluster gets.
    #[serde(default = "size")]
    size: u32,
    /// Addresses to take instead of having some chosen, by the name of the cluster.
    #[serde(default)]
    ranges: BTreeMap<String, Range>,
    /// The names of the pools, in the order of the clusters; `first-pool` for those after the last.
    #[serde(default)]
    pools: Vec<String>,
}

impl Operation for Plan {
    type Output = Vec<Assignment>;

    const NAME: &'static str = "metallb::plan";
    const POSITIONAL: &'static [&'static str] = &["clusters"];
    const RETURNS: &'static str = "a list of maps: cluster (its name), pool, range (such as `172.18.255.235-172.18.255.254`), kept (whether it has this pool already)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "metallb::no_ipv4_subnet",
        "metallb::outside_network",
        "metallb::too_few_addresses",
        "metallb::address_taken",
        "metallb::overlap",
        "metallb::no_room",
        "metallb::unknown_cluster",
        "docker::no_network",
        "docker::no_engine",
        "docker::engine"
    ];
    const EXAMPLE: &'static str = r#"let clusters = ["kind-cluster1", "kind-cluster2"];
for (found, at) in metallb::plan(clusters, #{ size: 20 }) {
    metallb::configure(clusters[at], [found.range], #{ pool: found.pool });
}"#;

    fn subject(&self) -> String {
        self.clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    async fn run(mut self, cx: &Cx) -> Result<Self::Output, Failure> {
        self.check_names()?;
        let network = self.network(cx).await?;
        let claims = try_join_all(self.clusters.iter().enumerate().map(|(at, cluster)| self.claim(cx, at, cluster)));
        Ok(meshrun_metallb::plan(&network, &claims.await?)?)
    }
}

impl Plan {
    /// Ranges for a cluster that is not planned for would be passed over in silence.
    fn check_names(&self) -> Result<(), Failure> {
        let known = |name: &str| self.clusters.iter().any(|cluster| cluster.name == name);
        match self.ranges.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("`ranges` names cluster `{name}`, which is none of {}", self.subject());
                Err(Failure::new("metallb::unknown_cluster", message))
            }
        }
    }

    async fn network(&mut self, cx: &Cx) -> Result<Network, Failure> {
        if let Some(subnet) = self.subnet {
            let subnets = vec![Subnet { subnet, gateway: None, ip_range: None }];
            return Ok(Network { name: subnet.to_string(), subnets, in_use: Vec::new() });
        }
        let named = || self.clusters.iter().find_map(|cluster| cluster.network.clone());
        let name = self.network.clone().or_else(named).unwrap_or_else(|| "kind".to_owned());
        let docker = cx.world.docker().await?;
        let found = meshrun_docker::networks::inspect(&docker, &name).await?;
        let subnets = found.subnets.into_iter().map(|one| Subnet {
            subnet: one.subnet,
            gateway: one.gateway,
            ip_range: one.ip_range,
        });
        let in_use = found
            .containers
            .into_iter()
            .filter_map(|container| container.ipv4.map(|address| Used { address: address.into(), by: container.name }));
        Ok(Network { name, subnets: subnets.collect(), in_use: in_use.collect() })
    }

    async fn claim(&self, cx: &Cx, at: usize, cluster: &Cluster) -> Result<Claim, Failure> {
        let client = cx.world.kube(cluster).await?;
        Ok(Claim {
            cluster: cluster.name.clone(),
            pool: self.pools.get(at).cloned().unwrap_or_else(pool),
            size: self.size,
            range: self.ranges.get(&cluster.name).copied(),
            existing: meshrun_metallb::pools(&client).await?,
        })
    }
}

fn size() -> u32 {
    20
}

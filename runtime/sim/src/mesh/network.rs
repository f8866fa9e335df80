//! Who has an address: the ways between pods, services, nodes and load balancers of all clusters.

use std::{net::IpAddr, sync::Arc};

use super::{
    remotes, view,
    view::{ClusterView, Pod, Port, Service},
};
use crate::{World, controllers::object::hash, kube::Cluster};

/// All clusters at one moment.
pub struct Network<'w> {
    /// The world.
    pub world: &'w Arc<World>,
    /// The clusters.
    pub clusters: Vec<Arc<Cluster>>,
    /// Each as the mesh sees it.
    pub views: Vec<Arc<ClusterView>>,
}

/// A pod: the cluster and the pod.
#[derive(Clone, Copy)]
pub struct Spot<'n> {
    /// Which of the clusters.
    pub cluster: usize,
    /// The pod.
    pub pod: &'n Pod,
    /// The port.
    pub port: u16,
}

/// Why nobody is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nobody {
    /// The connection is refused.
    Refused,
    /// Nothing comes back.
    Silent,
    /// There is no such host on the network.
    Unreachable,
}

impl<'w> Network<'w> {
    /// Look at all clusters.
    pub fn of(world: &'w Arc<World>) -> Self {
        let clusters = world.clusters();
        let views = clusters.iter().map(|one| view(one)).collect();
        Self { world, clusters, views }
    }

    /// Which of the clusters has this name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.views.iter().position(|one| one.name == name)
    }

    /// The cluster whose istiod serves the proxies of this one.
    pub fn control(&self, cluster: usize) -> Option<usize> {
        let control = super::control_of(self.world, &self.clusters[cluster])?;
        self.index(control.name())
    }

    /// The clusters whose objects the istiod of this one knows: the id of each, and which it is.
    pub fn known(&self, control: usize) -> Vec<(String, usize)> {
        let mut all = vec![(self.views[control].id.clone(), control)];
        for (id, cluster) in remotes::working(self.world, &self.clusters[control]) {
            all.extend(self.index(cluster.name()).map(|index| (id, index)));
        }
        all
    }

    /// Where a connection from a cluster to an address ends.
    pub fn route(&self, from: usize, address: IpAddr, port: u16) -> Result<Spot<'_>, Nobody> {
        let own = &self.views[from];
        if let Some(pod) = own.pods.iter().find(|pod| pod.address == address && !pod.on_host) {
            return Ok(Spot { cluster: from, pod, port });
        }
        let is_inner = |service: &&Service| service.address == Some(address);
        if let Some(service) = own.services.iter().find(is_inner) {
            let found = service.ports.iter().find(|one| one.number == port).ok_or(Nobody::Silent)?;
            return self.balance(from, service, found);
        }
        // A cluster's own load balancers are reached without leaving it.
        let is_outer = |service: &&Service| service.external.contains(&address);
        let outer = own.services.iter().filter(is_outer).find_map(|one| Some((one, port_of(one, port)?)));
        if let Some((service, found)) = outer {
            return self.balance(from, service, found);
        }
        if let Some(reached) = self.node(address, port) {
            return reached;
        }
        self.outside(Some(from), address, port)
    }

    /// Where a connection from the networks of the engine ends.
    pub fn outside(&self, from: Option<usize>, address: IpAddr, port: u16) -> Result<Spot<'_>, Nobody> {
        if let Some(reached) = self.node(address, port) {
            return reached;
        }
        // When several announce an address, the one that is heard last has it.
        let announces = |index: &usize| {
            Some(*index) != from && self.views[*index].services.iter().any(|one| one.announced.contains(&address))
        };
        let heard = (0..self.views.len()).filter(announces);
        if let Some(cluster) = heard.max_by_key(|one| hash(&format!("{}/{address}/{one}", self.world.seed()))) {
            let has = |one: &&Service| one.announced.contains(&address);
            let found =
                self.views[cluster].services.iter().filter(has).find_map(|one| Some((one, port_of(one, port)?)));
            let (service, found) = found.ok_or(Nobody::Silent)?;
            return self.balance(cluster, service, found);
        }
        if let Some(spot) = from.and_then(|from| self.routed(from, address, port)) {
            return Ok(spot);
        }
        let on_network =
            |view: &Arc<ClusterView>| view.nodes.iter().any(|node| node.address.is_some_and(|one| near(one, address)));
        Err(if self.views.iter().any(on_network) { Nobody::Unreachable } else { Nobody::Silent })
    }

    /// Node ports, and what listens on a node itself.
    fn node(&self, address: IpAddr, port: u16) -> Option<Result<Spot<'_>, Nobody>> {
        let has = |view: &Arc<ClusterView>| view.nodes.iter().any(|node| node.address == Some(address));
        let cluster = self.views.iter().position(has)?;
        let ports = self.views[cluster].services.iter().flat_map(|one| one.ports.iter().map(move |port| (one, port)));
        let found = ports.into_iter().find(|(_, one)| one.node == port && port != 0);
        Some(found.map_or(Err(Nobody::Refused), |(service, port)| self.balance(cluster, service, port)))
    }

    /// Pods of other clusters to which the nodes of this one have a route.
    fn routed(&self, from: usize, address: IpAddr, port: u16) -> Option<Spot<'_>> {
        let leads = |subnet: &ipnet::IpNet| subnet.contains(&address);
        if !self.clusters[from].runtime().routes().iter().any(leads) {
            return None;
        }
        (0..self.views.len()).filter(|index| *index != from).find_map(|cluster| {
            let pod = self.views[cluster].pods.iter().find(|pod| pod.address == address && !pod.on_host)?;
            Some(Spot { cluster, pod, port })
        })
    }

    /// One of the endpoints of a service, as kube-proxy chooses.
    fn balance(&self, cluster: usize, service: &Service, port: &Port) -> Result<Spot<'_>, Nobody> {
        let fit: Vec<(IpAddr, u16)> =
            service.endpoints.iter().filter_map(|one| Some((one.address, *one.ports.get(&port.name)?))).collect();
        if fit.is_empty() {
            return Err(Nobody::Refused);
        }
        let key = format!("kube-proxy/{}/{}/{}", service.namespace, service.name, port.number);
        let turn = self.clusters[cluster].runtime().turn(&key);
        let (address, port) = fit[usize::try_from(turn).unwrap_or_default() % fit.len()];
        let view = &self.views[cluster];
        if let Some(pod) = view.pods.iter().find(|pod| pod.address == address) {
            return Ok(Spot { cluster, pod, port });
        }
        // An endpoint that somebody wrote may be anywhere, but not again behind this service.
        self.outside(Some(cluster), address, port)
    }
}

fn port_of(service: &Service, port: u16) -> Option<&Port> {
    service.ports.iter().find(|one| one.number == port)
}

/// Whether two addresses are on one network of the engine, which are of 16 bits unless a user says otherwise.
fn near(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..2] == other.octets()[..2],
        _ => false,
    }
}

//! The mesh: which request reaches what, and how it fails, from what was configured.

pub(crate) mod ask;
mod balance;
pub(crate) mod envoy;
pub(crate) mod network;
mod remotes;
pub(crate) mod request;
mod rules;
pub(crate) mod view;

use std::{net::IpAddr, sync::Arc};

pub use balance::Clients;
pub(crate) use remotes::Access;
pub use remotes::{Remote, Sync, clusterz};
pub use view::ClusterView;

use crate::{World, kube::Cluster, stream::ByteStream};

/// A cluster as the mesh sees it, made anew only when something in it has changed.
pub fn view(cluster: &Cluster) -> Arc<ClusterView> {
    let version = (cluster.store().revision(), cluster.runtime().version());
    cluster.runtime().view(version, || ClusterView::of(cluster))
}

/// The remote secrets of a cluster, with what its istiod has made of each.
pub fn remotes(world: &Arc<World>, cluster: &Arc<Cluster>) -> Vec<Remote> {
    remotes::of(world, cluster)
}

/// The cluster whose istiod serves the proxies of this one: itself, or one that knows it by a working remote secret.
pub fn control_of(world: &Arc<World>, cluster: &Arc<Cluster>) -> Option<Arc<Cluster>> {
    if view(cluster).has_istiod {
        return Some(Arc::clone(cluster));
    }
    let leads = |control: &Arc<Cluster>| {
        control.name() != cluster.name()
            && view(control).has_istiod
            && remotes::working(world, control).iter().any(|(_, known)| known.name() == cluster.name())
    };
    world.clusters().into_iter().find(leads)
}

/// Connect to an address of a load balancer or to a node port. Nothing when nobody has it.
#[must_use]
pub fn connect(world: &Arc<World>, address: IpAddr, port: u16) -> Option<ByteStream> {
    ask::takes(world, address, port).then(|| crate::pods::serve_outside(world, address, port))
}

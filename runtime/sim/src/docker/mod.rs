//! The simulated Docker engine: what it has, and its API.

mod archive;
mod attach;
pub(crate) use attach::Ends;
mod call;
pub(crate) mod container;
mod create;
mod events;
pub(crate) mod exec;
mod fields;
pub(crate) mod files;
pub(crate) mod image;
mod images;
pub(crate) mod lifecycle;
mod list;
mod load;
pub(crate) mod log;
mod logs;
mod networks;
pub(crate) mod reply;
mod routes;
mod server;
pub(crate) mod state;
mod subnets;
mod system;
mod volumes;

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{World, kube::Cluster, mesh, node, start::EngineStart, stream::ByteStream};

pub(crate) use server::serve;

/// The engine.
pub struct Engine {
    state: Mutex<state::State>,
    loaded: AtomicBool,
    pub(crate) events: events::Events,
}

impl Engine {
    /// An engine as it is after its installation: with the networks `bridge`, `host` and `none`.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Mutex::new(networks::fresh()), loaded: AtomicBool::new(false), events: events::Events::default() }
    }

    /// Take over what a real engine has told, in place of what is there.
    pub(crate) fn load(&self, start: &EngineStart) {
        *self.state() = load::state(start);
        self.loaded.store(true, Ordering::SeqCst);
    }

    /// Whether it has what a real engine had.
    pub(crate) fn was_loaded(&self) -> bool {
        self.loaded.load(Ordering::SeqCst)
    }

    /// Note that the nodes of a cluster are its nodes, and give its control planes the files that kubeadm leaves.
    pub(crate) fn adopt(&self, cluster: &Arc<Cluster>) {
        for one in &mut self.state().containers {
            if one.is_node() && one.label(node::CLUSTER) == Some(cluster.name()) {
                one.cluster = Some(cluster.name().to_owned());
                node::adopt(one, cluster);
            }
        }
    }

    /// What it has. Not to be held while waiting.
    pub(crate) fn state(&self) -> MutexGuard<'_, state::State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stop everything that runs in containers and listens for them.
    pub(crate) fn end(&self) {
        for container in &mut self.state().containers {
            container.stop.cancel();
            container.tasks.drain(..).for_each(|task| task.abort());
        }
    }

    /// Connect to a container.
    pub(crate) fn connect(&self, world: &Arc<World>, address: IpAddr, port: u16) -> Option<ByteStream> {
        let id = self.state().at(address)?.id.clone();
        node::connect(world, &id, address, port).or_else(|| mesh::connect(world, address, port))
    }

    /// The name of the cluster whose API server listens there.
    pub(crate) fn cluster_at(&self, address: IpAddr, port: u16) -> Option<String> {
        let state = self.state();
        (port == node::API_PORT).then(|| node::cluster_behind(&state, state.at(address)?)).flatten()
    }

    /// The address of a container that runs.
    pub(crate) fn resolve(&self, name: &str) -> Option<IpAddr> {
        let state = self.state();
        let container = state.container(name).ok().filter(|one| one.is_running())?; // an unknown name has no address
        container.places.values().find_map(|place| place.ipv4.map(IpAddr::from).or(place.ipv6.map(IpAddr::from)))
    }

    /// The names of the images that containerd has in a node of kind, beside those that its image brought along: what was loaded into it.
    pub fn images_of_node(&self, node: &str) -> Vec<String> {
        let state = self.state();
        state.container(node).map(|one| one.node_images.keys().cloned().collect()).unwrap_or_default()
    }

    /// Whether the container of a node runs.
    pub fn is_running(&self, node: &str) -> bool {
        self.state().container(node).is_ok_and(state::Container::is_running)
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

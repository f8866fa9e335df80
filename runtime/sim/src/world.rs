//! Everything there is in a simulation: the engine, the clusters, the registries, and the ways between them.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use crate::{
    Fault, controllers, docker::Engine, kube::Cluster, mesh, recorder::Recorder, registry::Registry, stream::ByteStream,
};

/// The simulated world.
pub struct World {
    seed: u64,
    faults: Vec<Fault>,
    /// What clients asked for that is not known.
    pub recorder: Recorder,
    /// Which images can be pulled.
    pub registry: Registry,
    /// The Docker engine.
    pub engine: Engine,
    clusters: RwLock<Vec<Arc<Cluster>>>,
    drawn: Mutex<BTreeMap<String, u64>>,
    servers: Mutex<BTreeMap<IpAddr, String>>,
}

impl World {
    /// A world with an engine and without clusters.
    #[must_use]
    pub fn new(seed: u64, faults: Vec<Fault>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            registry: Registry::new(&faults),
            faults,
            recorder: Recorder::default(),
            engine: Engine::new(),
            clusters: RwLock::default(),
            drawn: Mutex::default(),
            servers: Mutex::default(),
        })
    }

    /// What chance follows from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What shall go wrong.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The clusters, in the order in which they were made.
    #[must_use]
    pub fn clusters(&self) -> Vec<Arc<Cluster>> {
        self.clusters.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The cluster with this name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<Arc<Cluster>> {
        let all = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|one| one.name() == name).cloned()
    }

    /// Add a cluster, and let its controllers run.
    pub fn add_cluster(self: &Arc<Self>, cluster: &Arc<Cluster>) {
        self.insert_cluster(cluster);
        controllers::start(self, cluster);
    }

    /// Add a cluster whose controllers the caller runs: [`controllers::Loops`].
    pub fn insert_cluster(&self, cluster: &Arc<Cluster>) {
        self.clusters.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(cluster));
    }

    /// Take a cluster out of the world, and end its controllers.
    pub fn remove_cluster(&self, name: &str) {
        let removed: Vec<Arc<Cluster>> = {
            let mut all = self.clusters.write().unwrap_or_else(PoisonError::into_inner);
            all.extract_if(.., |one| one.name() == name).collect()
        };
        removed.iter().for_each(controllers::stop);
    }

    /// Random digits in hexadecimal: for one purpose always the same sequence under the same seed, whatever is drawn for others.
    #[must_use]
    pub fn hex(&self, purpose: &str, digits: usize) -> String {
        let number = {
            let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            let number = drawn.entry(purpose.to_owned()).or_default();
            *number += 1;
            *number
        };
        let mut text = String::new();
        let mut block = 0u64;
        while text.len() < digits {
            let hash = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(number.to_be_bytes());
            let hash = hash.chain_update(block.to_be_bytes()).chain_update(purpose.as_bytes()).finalize();
            text.extend(hash.iter().map(|byte| format!("{byte:02x}")));
            block += 1;
        }
        text.truncate(digits);
        text
    }

    /// Connect to whatever has this address in the networks of the simulated engine: a node's API server, a node port, the address of a
    /// load balancer. Nothing when there is nobody.
    #[must_use]
    pub fn connect(self: &Arc<Self>, address: IpAddr, port: u16) -> Option<ByteStream> {
        self.engine.connect(self, address, port).or_else(|| mesh::connect(self, address, port))
    }

    /// The cluster whose API server has this address and port, seen from the networks of the engine.
    #[must_use]
    pub fn cluster_at(&self, address: IpAddr, port: u16) -> Option<Arc<Cluster>> {
        let alone = || {
            let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            servers.get(&address).filter(|_| port == 6443).cloned()
        };
        self.cluster(&self.engine.cluster_at(address, port).or_else(alone)?)
    }

    /// Give the API server of a cluster an address of its own, without a container of the engine behind it.
    pub fn add_server(&self, address: IpAddr, cluster: &str) {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).insert(address, cluster.to_owned());
    }

    /// The address of the container of the engine that has this name: `west-control-plane`.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<IpAddr> {
        self.engine.resolve(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_follows_from_the_seed_and_the_purpose() {
        let (one, other, third) = (World::new(1, Vec::new()), World::new(1, Vec::new()), World::new(2, Vec::new()));
        let first = one.hex("container", 64);
        let _ = one.hex("network", 12);
        assert_eq!(first, other.hex("container", 64));
        assert_eq!(one.hex("container", 64), other.hex("container", 64));
        assert_ne!(first, third.hex("container", 64));
        assert_eq!(one.hex("long", 100).len(), 100);
    }
}

//! Everything there is in a simulation: the engine, the clusters, the registries, and the ways between them.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use crate::{
    Error, Fault, Pace,
    clock::Clock,
    controllers,
    docker::Engine,
    kube::Cluster,
    mesh,
    node::API_PORT,
    recorder::Recorder,
    registry::Registry,
    start::{Start, Unread, host_and_port},
    stream::ByteStream,
};

/// The simulated world.
pub struct World {
    seed: u64,
    faults: RwLock<Vec<Fault>>,
    /// Its time.
    pub clock: Arc<Clock>,
    /// What clients asked for that is not known.
    pub recorder: Recorder,
    /// Which images can be pulled.
    pub registry: Registry,
    /// The Docker engine.
    pub engine: Engine,
    clusters: RwLock<Vec<Arc<Cluster>>>,
    drawn: Mutex<BTreeMap<String, u64>>,
    servers: Mutex<BTreeMap<(String, u16), String>>,
    unread: Mutex<Vec<Unread>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl World {
    /// A world with an engine and without clusters.
    #[must_use]
    pub fn new(seed: u64, faults: Vec<Fault>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            registry: Registry::new(&faults),
            faults: RwLock::new(faults),
            clock: Arc::new(Clock::new(Pace::default())),
            recorder: Recorder::default(),
            engine: Engine::new(),
            clusters: RwLock::default(),
            drawn: Mutex::default(),
            servers: Mutex::default(),
            unread: Mutex::default(),
        })
    }

    /// What chance follows from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What shall go wrong.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Let something go wrong from now on. Returns whether it did not before.
    pub fn add_fault(&self, fault: Fault) -> bool {
        self.change_faults(|faults| {
            let is_new = !faults.contains(&fault);
            faults.extend(is_new.then_some(fault));
            is_new
        })
    }

    /// Let something go right again; everything when nothing is named. Returns what went wrong until now.
    pub fn clear_faults(&self, fault: Option<&Fault>) -> Vec<Fault> {
        self.change_faults(|faults| faults.extract_if(.., |one| fault.is_none_or(|fault| fault == one)).collect())
    }

    fn change_faults<T>(&self, change: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        let changed = {
            let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
            let changed = change(&mut faults);
            self.registry.break_by(&faults);
            changed
        };
        // Controllers look at objects; of faults nobody tells them but this.
        self.clusters().iter().for_each(|cluster| cluster.runtime().wake());
        changed
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
            // What was found may be of another simulation with this seed.
            let origin: &[u8] = if self.engine.was_loaded() { b"taken over" } else { b"" };
            let hash = hash.chain_update(block.to_be_bytes()).chain_update(purpose.as_bytes()).chain_update(origin);
            let hash = hash.finalize();
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
        let found = self.engine.cluster_at(address, port);
        found.and_then(|name| self.cluster(&name)).or_else(|| self.server_at(&address.to_string(), port))
    }

    /// Give the API server of a cluster an address of its own, without a container of the engine behind it.
    pub fn add_server(&self, address: IpAddr, cluster: &str) {
        self.lead_to(&address.to_string(), API_PORT, cluster);
    }

    /// The cluster whose API server has this host and port by itself, without a container of the engine behind it.
    pub(crate) fn server_at(&self, host: &str, port: u16) -> Option<Arc<Cluster>> {
        let name = self.servers().get(&(host.to_owned(), port)).cloned();
        self.cluster(&name?)
    }

    fn lead_to(&self, host: &str, port: u16, cluster: &str) {
        self.servers().insert((host.to_owned(), port), cluster.to_owned());
    }

    fn servers(&self) -> MutexGuard<'_, BTreeMap<(String, u16), String>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Take over what real peers have. The clusters' controllers run from then on. To be called before anybody else comes.
    ///
    /// # Errors
    /// When the keys of a cluster cannot be made.
    pub fn load(self: &Arc<Self>, start: Start) -> Result<(), Error> {
        if let Some(engine) = &start.engine {
            self.engine.load(engine);
        }
        for found in start.clusters {
            let (name, servers) = (found.name.clone(), found.servers.clone());
            let cluster = Cluster::load(self, found)?;
            self.engine.adopt(&cluster);
            for (host, port) in servers.iter().filter_map(|server| host_and_port(server)) {
                self.lead_to(&host, port, &name);
            }
            self.add_cluster(&cluster);
        }
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = start.unread;
        Ok(())
    }

    /// Why a cluster that is there could not be read.
    pub(crate) fn unread(&self, cluster: &str) -> Option<String> {
        if self.cluster(cluster).is_some() {
            return None; // a context that was not read may have its name
        }
        let all = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|one| one.name == cluster).map(|one| one.reason.clone())
    }

    /// The name of the cluster that could not be read and has this server, and why not.
    pub(crate) fn unread_at(&self, host: &str, port: u16) -> Option<(String, String)> {
        let all = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let here = |server: &String| host_and_port(server).is_some_and(|(there, at)| there == host && at == port);
        all.iter().find(|one| one.servers.iter().any(here)).map(|one| (one.name.clone(), one.reason.clone()))
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

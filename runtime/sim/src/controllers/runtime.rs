//! What controllers and pods remember of a cluster beside its objects: when programs started, which root they trust, what was drained.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};

use super::Loops;
use crate::{
    mesh::{Access, Clients, ClusterView},
    pods::Variables,
};

/// A view of the cluster with its version.
type Seen = ((u64, u64), Arc<ClusterView>);

/// What came of checking a kubeconfig, and at which revision of the cluster that it leads to.
pub(crate) type Checked = (u64, Result<String, String>);

/// The memory of a cluster.
#[derive(Default)]
pub struct Runtime {
    task: Mutex<Option<JoinHandle<()>>>,
    told: Mutex<BTreeSet<u64>>,
    pods: Mutex<BTreeMap<String, Process>>,
    clients: Mutex<Clients>,
    views: Mutex<Option<Seen>>,
    kubeconfigs: Mutex<BTreeMap<u64, Option<Arc<Access>>>>,
    version: AtomicU64,
    turns: Mutex<BTreeMap<String, u64>>,
    routes: Mutex<Vec<ipnet::IpNet>>,
    checked: Mutex<BTreeMap<u64, Checked>>,
    woken: Notify,
    passes: Mutex<Loops>,
}

/// What runs in a pod, by the pod's uid.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// When its containers were ready for the first time.
    pub ready_since: Option<Duration>,
    /// When its images began to be pulled.
    pub pulling_since: Option<Duration>,
    /// When its containers were started.
    pub running_since: Option<Duration>,
    /// The root certificate that its proxy, or the istiod in it, was started with.
    pub root: Option<Arc<str>>,
    /// Whether the listeners of its proxy were drained.
    pub drained: bool,
    /// The variables of its containers, by container.
    pub variables: Arc<BTreeMap<String, Variables>>,
    /// How often the image was asked for in vain.
    pub failed_pulls: u32,
    /// Whether it crashes because a fault says so.
    pub crashes_by_fault: bool,
}

/// How many events are remembered as told.
const MOST_TOLD: usize = 100_000;

impl Runtime {
    pub(super) fn enter(&self, task: Option<JoinHandle<()>>) {
        if let Some(old) = std::mem::replace(&mut *lock(&self.task), task) {
            old.abort();
        }
    }

    /// The controllers, with what each has seen.
    pub(super) fn passes(&self) -> MutexGuard<'_, Loops> {
        lock(&self.passes)
    }

    /// Let all controllers look at everything anew, though no object has changed.
    pub(crate) fn wake(&self) {
        *self.passes() = Loops::default();
        self.woken.notify_one();
    }

    /// Resolves when [`Runtime::wake`] is called, or was since the last time.
    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(super) fn leave(&self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }

    /// Whether something was not told yet; from now on it was.
    pub(super) fn tell_once(&self, key: &str) -> bool {
        let mut told = lock(&self.told);
        if told.len() >= MOST_TOLD {
            told.clear();
        }
        told.insert(super::object::hash(key))
    }

    /// What runs in a pod.
    pub fn process(&self, uid: &str) -> Process {
        lock(&self.pods).get(uid).cloned().unwrap_or_default()
    }

    /// Change what runs in a pod.
    pub fn change_process(&self, uid: &str, change: impl FnOnce(&mut Process)) {
        change(lock(&self.pods).entry(uid.to_owned()).or_default());
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Grows with every change of what runs in pods.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Forget what ran in a pod.
    pub fn forget_process(&self, uid: &str) {
        lock(&self.pods).remove(uid);
    }

    /// What the proxies of the cluster remember of the requests that they sent.
    pub fn clients(&self) -> MutexGuard<'_, Clients> {
        lock(&self.clients)
    }

    /// The view of the cluster at a version, made when there is none.
    pub fn view(&self, version: (u64, u64), make: impl FnOnce() -> ClusterView) -> Arc<ClusterView> {
        let cached = lock(&self.views).clone();
        if let Some((of, view)) = cached
            && of == version
        {
            return view;
        }
        let view = Arc::new(make());
        *lock(&self.views) = Some((version, Arc::clone(&view)));
        view
    }

    /// Whose turn it is: 0, 1, 2 and so on for each key.
    pub fn turn(&self, key: &str) -> u64 {
        let mut turns = lock(&self.turns);
        let turn = turns.entry(key.to_owned()).or_default();
        *turn += 1;
        *turn - 1
    }

    /// The subnets to which somebody gave the cluster's nodes a route.
    pub fn routes(&self) -> Vec<ipnet::IpNet> {
        lock(&self.routes).clone()
    }

    /// Give the cluster's nodes a route to a subnet: what `ip route replace` in a node does.
    pub fn add_route(&self, subnet: ipnet::IpNet) {
        let mut routes = lock(&self.routes);
        if !routes.contains(&subnet) {
            routes.push(subnet);
        }
    }

    /// What came of checking a kubeconfig, and at which revision of the cluster that it leads to.
    pub(crate) fn checked(&self, hash: u64) -> Option<Checked> {
        lock(&self.checked).get(&hash).cloned()
    }

    /// Note what came of checking a kubeconfig at a revision of the cluster that it leads to.
    pub(crate) fn note_checked(&self, hash: u64, revision: u64, result: &Result<String, String>) {
        lock(&self.checked).insert(hash, (revision, result.clone()));
    }

    /// A kubeconfig by its hash, read when it was not yet.
    pub(crate) fn kubeconfig(&self, hash: u64, read: impl FnOnce() -> Option<Access>) -> Option<Arc<Access>> {
        lock(&self.kubeconfigs).entry(hash).or_insert_with(|| read().map(Arc::new)).clone()
    }
}

/// A lock of which a panic elsewhere makes no difference.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

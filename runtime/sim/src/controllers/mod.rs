//! Controllers: from what shall be to what is.
//!
//! Each is a function that looks at all objects of some kinds and moves what differs by one step. It runs again whenever one of these kinds
//! has changed, or when it asked for that, until all rest.

mod accounts;
mod addons;
mod adopt;
mod autoscalers;
mod certificate;
mod context;
mod daemon_sets;
mod deployments;
mod endpoints;
mod garbage;
pub mod injection;
pub(crate) mod istiod;
mod jobs;
mod kubelet;
mod load_balancers;
pub(crate) mod metallb;
mod namespaces;
mod nodes;
pub mod object;
mod pods;
mod replica_sets;
mod revisions;
pub mod runtime;
mod schedule;
mod stateful_sets;
mod validation;
pub mod webhooks;

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

pub(crate) use adopt::adopt;
pub use context::Context;
use object::Kind;
pub(crate) use pods::mount_token;
pub use runtime::Runtime;
use serde_json::Value;

use crate::{Pace, World, kube::Cluster};

/// How long writes are gathered before the controllers look at them.
const GATHER: Duration = Duration::from_millis(2);

/// How long a cluster rests at most. Nothing depends on it; it bounds the harm of a change that was overlooked.
const REST: Duration = Duration::from_secs(5);

/// How many passes are made in a row before others get their turn.
const PASSES: usize = 100;

/// A controller.
struct Controller {
    /// The kinds that it looks at.
    kinds: &'static [Kind],
    /// One step.
    step: fn(&Context<'_>),
}

/// What is known of the last run of a controller.
#[derive(Clone, Copy, Default)]
struct Last {
    /// The revision before it.
    revision: Option<u64>,
    /// When it asked to run again.
    due: Option<Duration>,
}

/// All of them, in the order in which they run.
const ALL: [Controller; 19] = {
    use object::{
        AUTOSCALER, BUDGET, CONFIG_MAP, DAEMON_SET, DEPLOYMENT, ENDPOINTS, JOB, MUTATING, NAMESPACE, NODE, POD, POOL,
        REPLICA_SET, SECRET, SERVICE, SERVICE_ACCOUNT, STATEFUL_SET, VALIDATING,
    };
    [
        Controller { kinds: &[NODE, POD], step: nodes::step },
        Controller { kinds: &[NAMESPACE, NODE], step: addons::step },
        Controller { kinds: &[NAMESPACE, SERVICE_ACCOUNT, CONFIG_MAP], step: namespaces::step },
        Controller { kinds: &[SERVICE_ACCOUNT, SECRET, NAMESPACE], step: accounts::step },
        Controller { kinds: &[DEPLOYMENT, REPLICA_SET], step: deployments::step },
        Controller { kinds: &[REPLICA_SET, POD], step: replica_sets::step },
        Controller { kinds: &[DAEMON_SET, POD, NODE], step: daemon_sets::step },
        Controller { kinds: &[STATEFUL_SET, POD], step: stateful_sets::step },
        Controller { kinds: &[JOB, POD], step: jobs::step },
        Controller { kinds: &[POD, NODE], step: schedule::step },
        Controller { kinds: &[POD, NODE, SECRET, CONFIG_MAP], step: kubelet::step },
        Controller { kinds: &[SERVICE, POD, ENDPOINTS], step: endpoints::step },
        Controller { kinds: &[POD, SECRET, CONFIG_MAP, NAMESPACE, MUTATING, VALIDATING], step: istiod::step },
        Controller { kinds: &[POD, SECRET, VALIDATING], step: metallb::step },
        Controller { kinds: &[SERVICE, POOL, POD], step: load_balancers::step },
        Controller { kinds: &[AUTOSCALER, DEPLOYMENT], step: autoscalers::step },
        Controller { kinds: &[BUDGET, POD], step: autoscalers::step_budgets },
        Controller { kinds: &[POD, DEPLOYMENT, REPLICA_SET, DAEMON_SET, JOB, STATEFUL_SET], step: garbage::step },
        Controller { kinds: &[NAMESPACE], step: namespaces::end },
    ]
};

/// Let the controllers of a cluster run, until [`stop`] is called or the world is gone. While time is stepped they rest: a step lets them run.
/// Called within a tokio runtime.
pub fn start(world: &Arc<World>, cluster: &Arc<Cluster>) {
    let (weak_world, weak_cluster) = (Arc::downgrade(world), Arc::downgrade(cluster));
    let (mut changed, clock) = (cluster.store().changed(), Arc::clone(&world.clock));
    let task = tokio::spawn(async move {
        let mut moved = clock.moved();
        loop {
            changed.borrow_and_update();
            moved.borrow_and_update();
            let (Some(world), Some(cluster)) = (weak_world.upgrade(), weak_cluster.upgrade()) else { return };
            let due = if clock.pace() == Pace::Stepped { None } else { settle(&world, &cluster) };
            drop(world);
            let due = async {
                match due {
                    Some(due) => clock.reach(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(REST) => {}
                () = due => {}
                () = cluster.runtime().woken() => {}
                told = moved.changed() => if told.is_err() { return },
                told = changed.changed() => if told.is_err() { return },
            }
            drop(cluster);
            tokio::time::sleep(GATHER).await;
        }
    });
    cluster.runtime().enter(Some(task));
}

/// Run the controllers of a cluster until nothing changes any more. Returns when one of them wants to run again at the latest.
pub(crate) fn settle(world: &Arc<World>, cluster: &Arc<Cluster>) -> Option<Duration> {
    cluster.runtime().passes().settle(world, cluster)
}

/// End the controllers of a cluster.
pub fn stop(cluster: &Arc<Cluster>) {
    cluster.runtime().leave();
}

/// The names of the pools that hold an address.
pub(crate) fn pools_of(pools: &[Arc<Value>], address: IpAddr) -> BTreeSet<&str> {
    load_balancers::pools_of(pools, address)
}

/// The addresses that a load balancer has.
pub(crate) fn balancer_addresses(service: &Value) -> Vec<IpAddr> {
    load_balancers::addresses(service).collect()
}

/// The controllers of a cluster, with what each has seen.
#[derive(Default)]
pub struct Loops([Last; ALL.len()]);

impl Loops {
    /// Run the controllers until nothing changes any more. Returns when one of them wants to run again at the latest.
    pub fn settle(&mut self, world: &Arc<World>, cluster: &Arc<Cluster>) -> Option<Duration> {
        for _ in 0..PASSES {
            if !self.pass(&Context::new(world, cluster)) {
                return self.0.iter().filter_map(|last| last.due).min();
            }
        }
        Some(world.clock.now())
    }

    /// Each controller for which something has changed, once. Returns whether one did run.
    fn pass(&mut self, context: &Context<'_>) -> bool {
        let mut ran = false;
        for (controller, last) in ALL.iter().zip(&mut self.0) {
            if !must_run(context, controller, last) {
                continue;
            }
            ran = true;
            last.revision = Some(context.store().revision());
            (controller.step)(context);
            last.due = context.take_again().map(|after| context.world.clock.now() + after);
        }
        ran
    }
}

fn must_run(context: &Context<'_>, controller: &Controller, last: &Last) -> bool {
    let Some(revision) = last.revision else { return true };
    let has_changed = |kind: &Kind| context.store().events(*kind, revision).is_none_or(|events| !events.is_empty());
    last.due.is_some_and(|due| due <= context.world.clock.now()) || controller.kinds.iter().any(has_changed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{object::*, *};
    use crate::kube::{Config, Node};

    fn fresh() -> (Arc<World>, Arc<Cluster>) {
        let world = World::new(1, Vec::new());
        let config = Config {
            name: "west".into(),
            version: "v1.27.3".into(),
            pod_subnet: "10.244.0.0/16".into(),
            service_subnet: "10.96.0.0/16".into(),
            hosts: vec!["127.0.0.1".into()],
            address: "172.18.0.2".into(),
        };
        let cluster = Cluster::start(&world, config).unwrap();
        let node = Node {
            name: "west-control-plane".into(),
            control_plane: true,
            address: "172.18.0.2".into(),
            pod_cidr: "10.244.0.0/24".into(),
            ..Node::default()
        };
        cluster.join_node(&node).unwrap();
        let network = json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "kindnet", "namespace": "kube-system"},
            "spec": {"selector": {"matchLabels": {"app": "kindnet"}}, "template": {
                "metadata": {"labels": {"app": "kindnet"}},
                "spec": {
                    "containers": [{"name": "kindnet-cni", "image": "docker.io/kindest/kindnetd:v20230511-dc714da8"}],
                    "hostNetwork": true, "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
                },
            }},
        });
        cluster.store().create(network).unwrap();
        (world, cluster)
    }

    #[test]
    fn a_fresh_cluster_becomes_ready_and_rests() {
        let (world, cluster) = fresh();
        let mut loops = Loops::default();
        loops.settle(&world, &cluster);
        let node = cluster.store().get(NODE, None, "west-control-plane").unwrap();
        assert_eq!(condition(&node, "Ready"), "True", "{node:#}");
        let dns = cluster.store().get(DEPLOYMENT, Some("kube-system"), "coredns").unwrap();
        assert_eq!(condition(&dns, "Available"), "True", "{dns:#}");
        assert_eq!(dns["status"]["readyReplicas"], 2);
        assert!(cluster.store().get(SERVICE_ACCOUNT, Some("default"), "default").is_some());
        let revision = cluster.store().revision();
        loops.settle(&world, &cluster);
        assert_eq!(cluster.store().revision(), revision);
        assert_eq!(world.recorder.all(), Vec::<String>::new());
    }

    #[test]
    fn stepped_time_goes_from_one_delay_to_the_next() {
        let (world, cluster) = fresh();
        world.clock.set_pace(Pace::Stepped);
        world.insert_cluster(&cluster);
        let ready = || {
            let node = cluster.store().get(NODE, None, "west-control-plane").unwrap();
            condition(&node, "Ready") == "True"
        };
        let available = || {
            let dns = cluster.store().get(DEPLOYMENT, Some("kube-system"), "coredns");
            dns.is_some_and(|dns| condition(&dns, "Available") == "True")
        };
        world.step(Duration::ZERO).unwrap();
        assert!(!ready() && !available());
        // The network of the node is pulled first.
        world.step(Duration::from_secs(2)).unwrap();
        assert!(ready() && !available());
        let before = world.clock.elapsed();
        assert_eq!(world.step(Duration::from_secs(10)), Some(before + Duration::from_secs(10)));
        assert!(available());
        world.clock.set_pace(Pace::Automatic);
        assert_eq!(world.step(Duration::from_secs(1)), None);
    }

    #[test]
    fn a_deployment_rolls_from_one_image_to_the_next_and_goes_with_its_namespace() {
        let (world, cluster) = fresh();
        let mut loops = Loops::default();
        let store = cluster.store();
        store.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}})).unwrap();
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
                "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
            }},
        });
        store.create(deployment).unwrap();
        loops.settle(&world, &cluster);
        let state = |what: &str| store.get(DEPLOYMENT, Some("a"), "web").unwrap()["status"][what].clone();
        assert_eq!((state("availableReplicas"), state("updatedReplicas")), (json!(2), json!(2)));
        let change = |one: &mut Value| one["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:none");
        store.modify(DEPLOYMENT, Some("a"), "web", change).unwrap();
        loops.settle(&world, &cluster);
        assert_eq!((state("availableReplicas"), state("updatedReplicas")), (json!(2), json!(1)));
        let reasons: Vec<Value> = store.list(EVENT, Some("a")).iter().map(|one| one["reason"].clone()).collect();
        assert!(reasons.contains(&json!("Failed")), "{reasons:?}");
        let change = |one: &mut Value| one["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:2");
        store.modify(DEPLOYMENT, Some("a"), "web", change).unwrap();
        loops.settle(&world, &cluster);
        assert_eq!((state("availableReplicas"), state("updatedReplicas")), (json!(2), json!(2)));
        assert_eq!(store.list(POD, Some("a")).len(), 2);
        store.delete(NAMESPACE, None, "a").unwrap();
        for _ in 0..3 {
            loops.settle(&world, &cluster);
            std::thread::sleep(Duration::from_millis(6));
        }
        assert!(store.get(NAMESPACE, None, "a").is_none());
        assert_eq!(store.list(POD, Some("a")).len(), 0);
        assert_eq!(world.recorder.all(), Vec::<String>::new());
    }
}

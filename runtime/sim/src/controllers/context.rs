//! What a controller works with: the world, one cluster of it, and its objects.

use std::{cell::Cell, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{
    object::{self, EVENT, Kind},
    runtime::Runtime,
};
use crate::{
    Fault, World,
    kube::{Cluster, Status, Store},
};

/// One pass over a cluster.
pub struct Context<'a> {
    /// The world.
    pub world: &'a Arc<World>,
    /// The cluster.
    pub cluster: &'a Arc<Cluster>,
    /// The time of this pass, as objects write it.
    pub now: String,
    again: Cell<Option<Duration>>,
}

impl<'a> Context<'a> {
    /// A pass that begins now.
    pub fn new(world: &'a Arc<World>, cluster: &'a Arc<Cluster>) -> Self {
        Self { world, cluster, now: now(), again: Cell::new(None) }
    }

    /// Ask to be run again after a time, though nothing changed.
    pub fn again(&self, after: Duration) {
        self.again.set(Some(self.again.get().map_or(after, |one| one.min(after))));
    }

    /// What was asked for with [`Context::again`] since the last call.
    pub fn take_again(&self) -> Option<Duration> {
        self.again.take()
    }

    /// The objects of the cluster.
    pub fn store(&self) -> &Store {
        self.cluster.store()
    }

    /// What controllers remember of the cluster.
    pub fn runtime(&self) -> &Runtime {
        self.cluster.runtime()
    }

    /// All objects of a kind, or those of a namespace.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Arc<Value>> {
        self.store().list(kind, namespace)
    }

    /// An object.
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.store().get(kind, some(namespace), name)
    }

    /// Make an object; one that is there already is left as it is.
    pub fn create(&self, object: Value) {
        self.tolerate(self.store().create(object).map(|_| true));
    }

    /// Change an object that may be gone meanwhile.
    pub fn modify(&self, kind: Kind, object: &Value, change: impl FnOnce(&mut Value)) {
        let result = self.store().modify(kind, some(object::namespace(object)), object::name(object), change);
        self.tolerate(result);
    }

    /// Change an object that may be gone meanwhile, as a program that is known by this name.
    pub fn modify_as(&self, program: &str, kind: Kind, object: &Value, change: impl FnOnce(&mut Value)) {
        self.tolerate(crate::kube::update_as(self.store(), program, kind, object, change));
    }

    /// Write the status of an object.
    pub fn set_status(&self, kind: Kind, object: &Value, status: &Value) {
        if object.get("status") != Some(status) {
            self.modify(kind, object, |one| one["status"] = status.clone());
        }
    }

    /// Delete an object that may be gone meanwhile.
    pub fn delete(&self, kind: Kind, object: &Value) {
        let result = self.store().delete(kind, some(object::namespace(object)), object::name(object));
        self.tolerate(result.map(|_| true));
    }

    /// An object that is there already, is gone, or changed meanwhile is looked at again in the next pass; anything else is a mistake of
    /// the simulator, which its record tells.
    fn tolerate(&self, result: Result<bool, Status>) {
        if let Err(status) = result
            && !matches!(status.code, 404 | 409)
        {
            self.world.recorder.unknown(format!("a controller's write: {}", status.message));
        }
    }

    /// Tell an event of an object, once for a reason and message; a repeat counts up no further.
    pub fn event(&self, about: &Value, kind: &str, reason: &str, message: &str, component: &str) {
        self.event_of(about, "", kind, reason, message, component);
    }

    /// The same of a part of an object: `spec.containers{a}`.
    pub fn event_of(&self, about: &Value, part: &str, kind: &str, reason: &str, message: &str, component: &str) {
        let key = format!("{}/{reason}/{message}", object::uid(about));
        if !self.runtime().tell_once(&key) {
            return;
        }
        let namespace = match object::namespace(about) {
            "" => "default",
            namespace => namespace,
        };
        let name = format!("{}.{:016x}", object::name(about), jiff::Timestamp::now().as_nanosecond());
        let mut event = json!({
            "apiVersion": EVENT.0, "kind": EVENT.1, "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": about["apiVersion"], "kind": about["kind"], "name": object::name(about), "uid": about["metadata"]["uid"],
                "resourceVersion": about["metadata"]["resourceVersion"],
            },
            "reason": reason, "message": message, "type": kind, "count": 1, "source": {"component": component},
            "reportingComponent": component, "reportingInstance": "", "firstTimestamp": self.now, "lastTimestamp": self.now,
            "eventTime": null,
        });
        if !part.is_empty() {
            event["involvedObject"]["fieldPath"] = json!(part);
        }
        if component == "kubelet" {
            let node = Some(object::text(about, "/spec/nodeName")).filter(|node| !node.is_empty());
            event["source"]["host"] = json!(node.unwrap_or_else(|| object::name(about)));
        }
        if !object::namespace(about).is_empty() {
            event["involvedObject"]["namespace"] = json!(namespace);
        }
        self.create(event);
    }

    /// Mark a pod as to be deleted; its node ends it.
    pub fn terminate(&self, pod: &Value) {
        let grace = object::number(pod, "/spec/terminationGracePeriodSeconds").and_then(|one| u64::try_from(one).ok());
        let (namespace, name) = (some(object::namespace(pod)), object::name(pod));
        self.tolerate(self.store().terminate(object::POD, namespace, name, grace.unwrap_or(30)).map(|_| true));
    }

    /// Whether one of the faults is this one.
    pub fn has_fault(&self, fault: &Fault) -> bool {
        self.world.faults().contains(fault)
    }
}

/// Nothing for an empty namespace.
pub fn some(namespace: &str) -> Option<&str> {
    Some(namespace).filter(|one| !one.is_empty())
}

/// The time as objects write it: to the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

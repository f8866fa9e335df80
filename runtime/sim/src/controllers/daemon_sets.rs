//! Daemon sets: a pod on every node that they want.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context,
    object::{DAEMON_SET, NODE, POD, is_controlled_by, is_going, name, template_hash, text},
    pods, revisions, schedule,
};

const HASH: &str = "controller-revision-hash";

/// One step of every daemon set.
pub fn step(context: &Context<'_>) {
    let (all, nodes) = (context.list(POD, None), context.list(NODE, None));
    for set in context.list(DAEMON_SET, None) {
        if is_going(&set) {
            continue;
        }
        let mine: Vec<&Arc<Value>> =
            all.iter().filter(|pod| is_controlled_by(pod, &set) && pods::is_alive(pod)).collect();
        let pattern = pods::from_template(&set, name(&set));
        let wanted: Vec<&Arc<Value>> =
            nodes.iter().filter(|node| schedule::tolerates_for_ever(&pattern, node)).collect();
        place(context, &set, &mine, &wanted);
        tell(context, &set, &mine, &wanted);
    }
}

fn node_of(pod: &Value) -> &str {
    text(pod, "/spec/nodeName")
}

fn is_new(context: &Context<'_>, set: &Value, pod: &Value) -> bool {
    revisions::is_present(context, set, pod, &template_hash(&set["spec"]["template"]))
}

fn place(context: &Context<'_>, set: &Value, mine: &[&Arc<Value>], wanted: &[&Arc<Value>]) {
    for node in wanted {
        if mine.iter().any(|pod| node_of(pod) == name(node)) {
            continue;
        }
        let mut pod = pods::from_template(set, &format!("{}-", name(set)));
        pod["metadata"]["labels"][HASH] = json!(template_hash(&set["spec"]["template"]));
        pod["spec"]["nodeName"] = json!(name(node));
        tolerate_everything(&mut pod);
        if pods::create(context, set, DAEMON_SET, pod).is_err() {
            return;
        }
    }
    let all_ready = mine.iter().all(|pod| pods::is_ready(pod));
    let mut outdated = mine.iter().filter(|pod| !is_new(context, set, pod));
    // Pods of an older template go one after the other; those that never became ready hold nobody up.
    if let Some(pod) =
        outdated.clone().find(|pod| !pods::is_ready(pod)).or_else(|| outdated.next().filter(|_| all_ready))
    {
        context.terminate(pod);
    }
    let lost = mine.iter().filter(|pod| !wanted.iter().any(|node| name(node) == node_of(pod)));
    lost.for_each(|pod| context.terminate(pod));
}

/// Pods of daemon sets stay on nodes that fail.
fn tolerate_everything(pod: &mut Value) {
    for (key, effect) in [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
        ("network-unavailable", "NoSchedule"),
    ] {
        if key == "network-unavailable" && pod.pointer("/spec/hostNetwork") != Some(&Value::Bool(true)) {
            continue;
        }
        let one = json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": effect});
        pods::push(&mut pod["spec"], "tolerations", one);
    }
}

fn tell(context: &Context<'_>, set: &Value, mine: &[&Arc<Value>], wanted: &[&Arc<Value>]) {
    let placed: Vec<&&Arc<Value>> =
        mine.iter().filter(|pod| wanted.iter().any(|node| name(node) == node_of(pod))).collect();
    let ready = placed.iter().filter(|pod| pods::is_ready(pod)).count();
    let mut status = json!({
        "currentNumberScheduled": placed.len(), "desiredNumberScheduled": wanted.len(), "numberMisscheduled": mine.len() - placed.len(),
        "numberReady": ready, "observedGeneration": set["metadata"]["generation"],
    });
    for (key, value) in [
        ("updatedNumberScheduled", placed.iter().filter(|pod| is_new(context, set, pod)).count()),
        ("numberAvailable", ready),
        ("numberUnavailable", wanted.len().saturating_sub(ready)),
    ] {
        if value != 0 {
            status[key] = json!(value);
        }
    }
    context.set_status(DAEMON_SET, set, &status);
}

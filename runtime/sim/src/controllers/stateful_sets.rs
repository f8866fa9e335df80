//! Stateful sets: pods with numbers, one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context,
    object::{POD, STATEFUL_SET, is_controlled_by, is_going, name, number, template_hash, text},
    pods, revisions,
};

/// One step of every stateful set.
pub fn step(context: &Context<'_>) {
    let all = context.list(POD, None);
    for set in context.list(STATEFUL_SET, None) {
        if is_going(&set) {
            continue;
        }
        let mine: Vec<&Arc<Value>> = all.iter().filter(|pod| is_controlled_by(pod, &set)).collect();
        let wanted = number(&set, "/spec/replicas").unwrap_or(1);
        let hash = format!("{}-{}", name(&set), template_hash(&set["spec"]["template"]));
        scale(context, &set, &mine, wanted, &hash);
        tell(context, &set, &mine, &hash);
    }
}

fn scale(context: &Context<'_>, set: &Value, mine: &[&Arc<Value>], wanted: i64, hash: &str) {
    let in_parallel = text(set, "/spec/podManagementPolicy") == "Parallel";
    for index in 0..wanted {
        let pod_name = format!("{}-{index}", name(set));
        match mine.iter().find(|pod| name(pod) == pod_name) {
            Some(pod) if pods::is_ready(pod) || in_parallel => {}
            Some(_) => return,
            None => {
                let mut pod = pods::from_template(set, &pod_name);
                pod["metadata"]["labels"]["controller-revision-hash"] = json!(hash);
                pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!(pod_name);
                pod["spec"]["hostname"] = json!(pod_name);
                pod["spec"]["subdomain"] = set["spec"]["serviceName"].clone();
                if pods::create(context, set, STATEFUL_SET, pod).is_err() || !in_parallel {
                    return;
                }
            }
        }
    }
    let index = |pod: &Value| name(pod).rsplit('-').next().and_then(|one| one.parse::<i64>().ok()).unwrap_or(0);
    let outdated = |pod: &Value| !revisions::is_present(context, set, pod, hash);
    let mut goes: Vec<&&Arc<Value>> =
        mine.iter().filter(|pod| !is_going(pod) && (index(pod) >= wanted || outdated(pod))).collect();
    goes.sort_by_key(|pod| std::cmp::Reverse(index(pod)));
    if let Some(pod) = goes.first().filter(|_| mine.iter().all(|pod| !is_going(pod))) {
        context.terminate(pod);
    }
}

fn tell(context: &Context<'_>, set: &Value, mine: &[&Arc<Value>], hash: &str) {
    let ready = mine.iter().filter(|pod| pods::is_ready(pod)).count();
    let updated = mine.iter().filter(|pod| revisions::is_present(context, set, pod, hash)).count();
    let mut status = json!({
        "replicas": mine.len(), "availableReplicas": ready, "collisionCount": 0, "currentRevision": hash, "updateRevision": hash,
        "observedGeneration": set["metadata"]["generation"],
    });
    for (key, value) in [("readyReplicas", ready), ("currentReplicas", updated), ("updatedReplicas", updated)] {
        if value != 0 {
            status[key] = json!(value);
        }
    }
    context.set_status(STATEFUL_SET, set, &status);
}

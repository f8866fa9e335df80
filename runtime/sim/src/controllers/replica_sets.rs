//! Replica sets: as many pods as they want.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context,
    object::{
        Condition, POD, REPLICA_SET, is_controlled_by, is_going, list, name, number, selects, set_condition, text,
    },
    pods,
};

/// One step of every replica set.
pub fn step(context: &Context<'_>) {
    let all = context.list(POD, None);
    for set in context.list(REPLICA_SET, None) {
        if is_going(&set) {
            continue;
        }
        let mine: Vec<&Arc<Value>> =
            all.iter().filter(|pod| is_controlled_by(pod, &set) && pods::is_alive(pod)).collect();
        let refusal = scale(context, &set, &mine);
        tell(context, &set, &mine, refusal.as_deref());
    }
}

/// Make the pods that are missing, or end those that are too many. Returns why pods were refused.
fn scale(context: &Context<'_>, set: &Value, mine: &[&Arc<Value>]) -> Option<String> {
    let wanted = number(set, "/spec/replicas").and_then(|one| usize::try_from(one).ok()).unwrap_or(1);
    for _ in mine.len()..wanted {
        let pod = pods::from_template(set, &format!("{}-", name(set)));
        if let Err(refusal) = pods::create(context, set, REPLICA_SET, pod) {
            return Some(refusal);
        }
    }
    let mut surplus: Vec<&&Arc<Value>> = mine.iter().collect();
    // Those that are not ready go first, then the newest.
    surplus.sort_by_key(|pod| {
        (pods::is_ready(pod), std::cmp::Reverse(text(pod, "/metadata/creationTimestamp").to_owned()))
    });
    for pod in surplus.iter().take(mine.len().saturating_sub(wanted)) {
        context.terminate(pod);
        let message = format!("Deleted pod: {}", name(pod));
        context.event(set, "Normal", "SuccessfulDelete", &message, "replicaset-controller");
    }
    None
}

fn tell(context: &Context<'_>, set: &Value, mine: &[&Arc<Value>], refusal: Option<&str>) {
    let ready = mine.iter().filter(|pod| pods::is_ready(pod)).count();
    let labels = set.pointer("/spec/template/metadata/labels");
    let labelled = mine.iter().filter(|pod| {
        let wanted = labels.and_then(Value::as_object).into_iter().flatten();
        selects(Some(&json!({})), pod.pointer("/metadata/labels"))
            && wanted.clone().all(|(key, value)| pod["metadata"]["labels"].get(key) == Some(value))
    });
    let mut status = json!({"replicas": mine.len(), "observedGeneration": set["metadata"]["generation"]});
    for (key, value) in
        [("fullyLabeledReplicas", labelled.count()), ("readyReplicas", ready), ("availableReplicas", ready)]
    {
        if value != 0 {
            status[key] = json!(value);
        }
    }
    let mut next = json!({"status": status});
    if let Some(message) = refusal {
        if let Some(old) = set.pointer("/status/conditions") {
            next["status"]["conditions"] = old.clone();
        }
        let condition = Condition { kind: "ReplicaFailure", status: "True", reason: "FailedCreate", message };
        set_condition(&mut next, &condition, &context.now, &["lastTransitionTime"]);
    } else if mine.is_empty()
        && number(set, "/spec/replicas").unwrap_or(1) > 0
        && !list(set, "/status/conditions").is_empty()
    {
        next["status"]["conditions"] = set["status"]["conditions"].clone();
    }
    context.set_status(REPLICA_SET, set, &next["status"]);
}

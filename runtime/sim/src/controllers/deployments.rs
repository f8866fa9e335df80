//! Deployments: a replica set for each template, the newest one scaled up, older ones down.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context,
    object::{
        self, Condition, DEPLOYMENT, REPLICA_SET, annotation, is_controlled_by, is_going, name, namespace, number,
        owner_reference, set_condition, template_hash, text,
    },
    revisions::same_template,
};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";

/// One step of every deployment.
pub fn step(context: &Context<'_>) {
    let sets = context.list(REPLICA_SET, None);
    for deployment in context.list(DEPLOYMENT, None) {
        if is_going(&deployment) {
            continue;
        }
        let mine: Vec<&Arc<Value>> = sets.iter().filter(|set| is_controlled_by(set, &deployment)).collect();
        roll(context, &deployment, &mine);
        tell(context, &deployment, &mine);
    }
}

fn wanted(deployment: &Value) -> i64 {
    number(deployment, "/spec/replicas").unwrap_or(1)
}

fn roll(context: &Context<'_>, deployment: &Value, mine: &[&Arc<Value>]) {
    let hash = hash(deployment, mine);
    let is_new = |set: &Value| object::label(set, HASH) == Some(&hash);
    let newest = mine.iter().find(|set| is_new(set));
    let others: Vec<&Arc<Value>> = mine.iter().copied().filter(|set| !is_new(set)).collect();
    let Some(newest) = newest else {
        if deployment.pointer("/spec/paused") != Some(&Value::Bool(true)) {
            create(context, deployment, mine, &hash);
        }
        return;
    };
    restore_revision(context, deployment, newest, &others);
    scale_all(context, deployment, newest, &others);
    forget_old(context, deployment, &others);
}

/// The hash of the present template: that of the set that has it, whoever made it, else of our own.
fn hash(deployment: &Value, mine: &[&Arc<Value>]) -> String {
    let own = template_hash(&deployment["spec"]["template"]);
    if mine.iter().any(|set| object::label(set, HASH) == Some(&own)) {
        return own;
    }
    let same = mine.iter().find(|set| same_template(set, deployment));
    same.and_then(|set| object::label(set, HASH)).map_or(own, str::to_owned)
}

fn create(context: &Context<'_>, deployment: &Value, mine: &[&Arc<Value>], hash: &str) {
    let revision = mine.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = json!(hash);
    let mut labels = template["metadata"]["labels"].clone();
    labels["pod-template-hash"] = json!(hash);
    let wanted = wanted(deployment);
    let old: i64 = mine.iter().map(|set| number(set, "/spec/replicas").unwrap_or(0)).sum();
    let replicas = if old == 0 { wanted } else { 0 };
    let set_name = format!("{}-{hash}", name(deployment));
    context.create(json!({
        "apiVersion": REPLICA_SET.0, "kind": REPLICA_SET.1,
        "metadata": {
            "name": set_name, "namespace": namespace(deployment), "labels": labels,
            "annotations": {
                REVISION: revision.to_string(), "deployment.kubernetes.io/desired-replicas": wanted.to_string(),
                "deployment.kubernetes.io/max-replicas": (wanted + surge(deployment)).to_string(),
            },
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
        "status": {"replicas": 0},
    }));
    context
        .modify(DEPLOYMENT, deployment, |one| one["metadata"]["annotations"][REVISION] = json!(revision.to_string()));
    if replicas > 0 {
        let message = format!("Scaled up replica set {set_name} to {replicas}");
        context.event(deployment, "Normal", "ScalingReplicaSet", &message, "deployment-controller");
    }
}

fn revision(set: &Value) -> u64 {
    annotation(set, REVISION).and_then(|one| one.parse().ok()).unwrap_or(0)
}

/// A template that comes back gets the next revision.
fn restore_revision(context: &Context<'_>, deployment: &Value, newest: &Value, others: &[&Arc<Value>]) {
    let highest = others.iter().map(|set| revision(set)).max().unwrap_or(0);
    let revision = revision(newest).max(if revision(newest) < highest { highest + 1 } else { 0 }).to_string();
    for (kind, one) in [(REPLICA_SET, newest), (DEPLOYMENT, deployment)] {
        if annotation(one, REVISION) != Some(&revision) {
            context.modify(kind, one, |one| one["metadata"]["annotations"][REVISION] = json!(revision));
        }
    }
}

/// A number or a percentage of the wanted replicas.
fn share(value: Option<&Value>, wanted: i64, up: bool) -> i64 {
    match value {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(25);
            if up { (wanted * percent + 99) / 100 } else { wanted * percent / 100 }
        }
        _ if up => (wanted + 3) / 4,
        _ => wanted / 4,
    }
}

fn surge(deployment: &Value) -> i64 {
    share(deployment.pointer("/spec/strategy/rollingUpdate/maxSurge"), wanted(deployment), true)
}

fn scale_all(context: &Context<'_>, deployment: &Value, newest: &Value, others: &[&Arc<Value>]) {
    let wanted = wanted(deployment);
    let recreate = text(deployment, "/spec/strategy/type") == "Recreate";
    let (mut surge, mut unavailable) =
        (surge(deployment), share(deployment.pointer("/spec/strategy/rollingUpdate/maxUnavailable"), wanted, false));
    if recreate {
        (surge, unavailable) = (0, wanted);
    } else if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    surge = surge.max(0);
    let replicas = |set: &Value| number(set, "/spec/replicas").unwrap_or(0);
    let old: i64 = others.iter().map(|set| replicas(set)).sum();
    let old_living: i64 = others.iter().map(|set| number(set, "/status/replicas").unwrap_or(0)).sum();
    let room = if recreate && old_living > 0 { 0 } else { (wanted + surge - old).max(0) };
    let goal = wanted.min(room.max(replicas(newest).min(wanted)));
    scale(context, deployment, newest, goal);
    let available = number(newest, "/status/availableReplicas").unwrap_or(0);
    let mut may_go = if recreate { old } else { old + available - (wanted - unavailable) };
    for set in others {
        let down = replicas(set).min(may_go.max(0));
        may_go -= down;
        scale(context, deployment, set, replicas(set) - down);
    }
}

fn scale(context: &Context<'_>, deployment: &Value, set: &Value, goal: i64) {
    let present = number(set, "/spec/replicas").unwrap_or(0);
    if present == goal {
        return;
    }
    context.modify(REPLICA_SET, set, |one| one["spec"]["replicas"] = json!(goal));
    let direction = if goal > present { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} to {goal} from {present}", name(set));
    context.event(deployment, "Normal", "ScalingReplicaSet", &message, "deployment-controller");
}

fn forget_old(context: &Context<'_>, deployment: &Value, others: &[&Arc<Value>]) {
    let limit =
        number(deployment, "/spec/revisionHistoryLimit").and_then(|one| usize::try_from(one).ok()).unwrap_or(10);
    let mut empty: Vec<&&Arc<Value>> = others
        .iter()
        .filter(|set| number(set, "/spec/replicas") == Some(0) && number(set, "/status/replicas").unwrap_or(0) == 0)
        .collect();
    empty.sort_by_key(|set| revision(set));
    let surplus = empty.len().saturating_sub(limit);
    empty.iter().take(surplus).for_each(|set| context.delete(REPLICA_SET, set));
}

fn tell(context: &Context<'_>, deployment: &Value, mine: &[&Arc<Value>]) {
    let hash = hash(deployment, mine);
    let sum = |pointer: &str, sets: &mut dyn Iterator<Item = &&Arc<Value>>| -> i64 {
        sets.map(|set| number(set, pointer).unwrap_or(0)).sum()
    };
    let total = sum("/status/replicas", &mut mine.iter());
    let ready = sum("/status/readyReplicas", &mut mine.iter());
    let available = sum("/status/availableReplicas", &mut mine.iter());
    let is_new = |set: &&&Arc<Value>| object::label(set, HASH) == Some(&hash);
    let updated = sum("/status/replicas", &mut mine.iter().filter(is_new));
    let wanted = wanted(deployment);
    let unavailable = (wanted.max(total) - available).max(0);
    let mut next = deployment.clone();
    let mut status = json!({"observedGeneration": deployment["metadata"]["generation"]});
    if let Some(conditions) = deployment.pointer("/status/conditions") {
        status["conditions"] = conditions.clone();
    }
    for (key, value) in [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", unavailable),
    ] {
        if value != 0 {
            status[key] = json!(value);
        }
    }
    next["status"] = status;
    conditions(context, deployment, &mut next, (wanted, total, updated, available), &hash, mine);
    context.set_status(DEPLOYMENT, deployment, &next["status"]);
}

fn conditions(
    context: &Context<'_>,
    deployment: &Value,
    next: &mut Value,
    (wanted, total, updated, available): (i64, i64, i64, i64),
    hash: &str,
    mine: &[&Arc<Value>],
) {
    let stamps = ["lastTransitionTime", "lastUpdateTime"];
    let unavailable = share(deployment.pointer("/spec/strategy/rollingUpdate/maxUnavailable"), wanted, false);
    let enough =
        available >= wanted - if text(deployment, "/spec/strategy/type") == "Recreate" { 0 } else { unavailable };
    let (status, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set_condition(next, &Condition { kind: "Available", status, reason, message }, &context.now, &stamps);
    let set = format!("{}-{hash}", name(deployment));
    let complete = updated == wanted && total == wanted && available == wanted;
    let (reason, message) = if complete {
        ("NewReplicaSetAvailable", format!("ReplicaSet \"{set}\" has successfully progressed."))
    } else if updated == 0 {
        ("NewReplicaSetCreated", format!("Created new replica set \"{set}\""))
    } else {
        ("ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing."))
    };
    set_condition(
        next,
        &Condition { kind: "Progressing", status: "True", reason, message: &message },
        &context.now,
        &stamps,
    );
    let refused = mine
        .iter()
        .flat_map(|set| object::list(set, "/status/conditions"))
        .find(|one| text(one, "/type") == "ReplicaFailure");
    if let Some(refused) = refused {
        let (reason, message) = (text(refused, "/reason"), text(refused, "/message"));
        set_condition(
            next,
            &Condition { kind: "ReplicaFailure", status: "True", reason, message },
            &context.now,
            &stamps,
        );
    } else if let Some(all) = next.pointer_mut("/status/conditions").and_then(Value::as_array_mut) {
        all.retain(|one| text(one, "/type") != "ReplicaFailure");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_numbers_or_percentages() {
        assert_eq!(share(Some(&json!(2)), 10, true), 2);
        assert_eq!(share(Some(&json!("25%")), 10, true), 3);
        assert_eq!(share(Some(&json!("25%")), 10, false), 2);
        assert_eq!(share(Some(&json!("100%")), 1, true), 1);
        assert_eq!(share(None, 1, true), 1);
        assert_eq!(share(None, 1, false), 0);
    }
}

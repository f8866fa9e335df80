//! The scheduler: a node for every pod, or why there is none.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    Context,
    object::{Condition, NODE, POD, is_going, list, name, set_pod_condition, text},
};

/// One step: bind every pod that has no node.
pub fn step(context: &Context<'_>) {
    let pods = context.list(POD, None);
    let waiting: Vec<&Arc<Value>> =
        pods.iter().filter(|pod| text(pod, "/spec/nodeName").is_empty() && !is_going(pod)).collect();
    if waiting.is_empty() {
        return;
    }
    let nodes = context.list(NODE, None);
    let mut load: BTreeMap<String, usize> = nodes.iter().map(|node| (name(node).to_owned(), 0)).collect();
    for pod in &pods {
        if let Some(count) = load.get_mut(text(pod, "/spec/nodeName")) {
            *count += 1;
        }
    }
    for pod in waiting {
        let fit = nodes.iter().filter(|node| why_not(pod, node).is_none()).map(|node| name(node));
        match fit.min_by_key(|node| load.get(*node)) {
            Some(node) => {
                load.entry(node.to_owned()).and_modify(|count| *count += 1);
                bind(context, pod, node);
            }
            None => refuse(context, pod, &nodes),
        }
    }
}

fn bind(context: &Context<'_>, pod: &Value, node: &str) {
    let now = context.now.clone();
    context.modify(POD, pod, |pod| {
        pod["spec"]["nodeName"] = json!(node);
        scheduled(pod, &now);
    });
    let message = format!("Successfully assigned {}/{} to {node}", text(pod, "/metadata/namespace"), name(pod));
    context.event(pod, "Normal", "Scheduled", &message, "default-scheduler");
}

/// Note that a pod has a node.
pub fn scheduled(pod: &mut Value, now: &str) {
    pod["status"]["phase"] = json!("Pending");
    let condition = Condition { kind: "PodScheduled", status: "True", reason: "", message: "" };
    set_pod_condition(pod, &condition, now);
}

fn refuse(context: &Context<'_>, pod: &Value, nodes: &[Arc<Value>]) {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes {
        *reasons.entry(why_not(pod, node).unwrap_or_default()).or_default() += 1;
    }
    let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let total = nodes.len();
    let message = if nodes.is_empty() {
        "no nodes available to schedule pods".to_owned()
    } else {
        format!(
            "0/{total} nodes are available: {}. preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling..",
            reasons.join(", ")
        )
    };
    let now = context.now.clone();
    context.modify(POD, pod, |pod| {
        pod["status"]["phase"] = json!("Pending");
        let condition = Condition { kind: "PodScheduled", status: "False", reason: "Unschedulable", message: &message };
        set_pod_condition(pod, &condition, &now);
    });
    context.event(pod, "Warning", "FailedScheduling", &message, "default-scheduler");
}

/// Why a pod cannot run on a node, in the scheduler's words.
fn why_not(pod: &Value, node: &Value) -> Option<String> {
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true))
        && !tolerates(pod, &json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}))
    {
        return Some("node(s) were unschedulable".to_owned());
    }
    if !is_selected(pod, node) {
        return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    let hard = list(node, "/spec/taints").iter().filter(|taint| text(taint, "/effect") != "PreferNoSchedule");
    let untolerated = hard.into_iter().find(|taint| !tolerates(pod, taint));
    untolerated.map(|taint| {
        let value = text(taint, "/value");
        let value = if value.is_empty() { String::new() } else { format!(": {value}") };
        format!("node(s) had untolerated taint {{{}{value}}}", text(taint, "/key"))
    })
}

/// Whether a pod of a daemon set shall run on a node: selected, and its taints but those of nodes that fail tolerated.
pub fn tolerates_for_ever(pod: &Value, node: &Value) -> bool {
    let own = |taint: &&Value| {
        !text(taint, "/key").starts_with("node.kubernetes.io/") && text(taint, "/effect") != "PreferNoSchedule"
    };
    is_selected(pod, node) && list(node, "/spec/taints").iter().filter(own).all(|taint| tolerates(pod, taint))
}

fn is_selected(pod: &Value, node: &Value) -> bool {
    let labels = node.pointer("/metadata/labels");
    let wanted = pod.pointer("/spec/nodeSelector").and_then(Value::as_object).into_iter().flatten();
    let by_selector = wanted.clone().all(|(key, value)| labels.and_then(|all| all.get(key)) == Some(value));
    let terms =
        list(pod, "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let by_term = |term: &Value| {
        let selector = json!({"matchExpressions": term.get("matchExpressions").cloned().unwrap_or_else(|| json!([]))});
        super::object::selects(Some(&selector), labels)
    };
    by_selector && (terms.is_empty() || terms.iter().any(by_term))
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    list(pod, "/spec/tolerations").iter().any(|one| {
        let (key, effect) = (text(one, "/key"), text(one, "/effect"));
        let exists = text(one, "/operator") == "Exists";
        let key_fits = key == text(taint, "/key") || key.is_empty() && exists;
        let effect_fits = effect.is_empty() || effect == text(taint, "/effect");
        key_fits && effect_fits && (exists || text(one, "/value") == text(taint, "/value"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_and_selectors_decide() {
        let taint = json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"});
        let node = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"taints": [taint]}});
        assert_eq!(
            why_not(&json!({"spec": {}}), &node).unwrap(),
            "node(s) had untolerated taint {node-role.kubernetes.io/control-plane}"
        );
        let tolerant = json!({"spec": {"tolerations": [{"operator": "Exists"}], "nodeSelector": {"a": "b"}}});
        assert_eq!(why_not(&tolerant, &node), None);
        let elsewhere = json!({"spec": {"nodeSelector": {"a": "c"}}});
        assert!(why_not(&elsewhere, &node).unwrap().contains("affinity/selector"));
    }
}

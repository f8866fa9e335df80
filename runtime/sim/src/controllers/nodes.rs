//! Nodes: they become ready when their pods have a network, and lose the taint that they had until then.

use serde_json::{Value, json};

use super::{
    Context,
    object::{Condition, NODE, POD, condition, is_going, list, name, set_condition, text},
};
use crate::Fault;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// One step of every node.
pub fn step(context: &Context<'_>) {
    for node in context.list(NODE, None) {
        if is_going(&node) {
            continue;
        }
        let is_slow = context.has_fault(&Fault::SlowNode { name: name(&node).to_owned() });
        if !is_slow && context.cluster.was_found(&node) {
            continue; // its kubelet has told how it is
        }
        if is_slow || !has_network(context, &node) {
            not_ready(context, &node);
        } else {
            ready(context, &node);
        }
    }
}

/// Whether something on the node gives pods their network. kind's own does; the other names are those of the plugins in common use.
fn has_network(context: &Context<'_>, node: &Value) -> bool {
    const PLUGINS: [&str; 7] = ["kindnet", "calico", "cilium", "flannel", "antrea", "weave", "ovn"];
    context.list(POD, None).iter().any(|pod| {
        text(pod, "/spec/nodeName") == name(node)
            && text(pod, "/status/phase") == "Running"
            && list(pod, "/spec/containers")
                .iter()
                .any(|one| PLUGINS.iter().any(|plugin| text(one, "/image").contains(plugin)))
    })
}

fn ready(context: &Context<'_>, node: &Value) {
    let has_taint = list(node, "/spec/taints").iter().any(|taint| text(taint, "/key") == NOT_READY);
    if condition(node, "Ready") == "True" && !has_taint {
        return;
    }
    let now = context.now.clone();
    context.modify(NODE, node, |node| {
        for (kind, reason, message) in [
            ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ] {
            set_condition(
                node,
                &Condition { kind, status: "False", reason, message },
                &now,
                &["lastHeartbeatTime", "lastTransitionTime"],
            );
        }
        let message = "kubelet is posting ready status";
        let ready = Condition { kind: "Ready", status: "True", reason: "KubeletReady", message };
        set_condition(node, &ready, &now, &["lastHeartbeatTime", "lastTransitionTime"]);
        remove_taint(node);
    });
    let message = format!("Node {} status is now: NodeReady", name(node));
    context.event(node, "Normal", "NodeReady", &message, "kubelet");
}

fn not_ready(context: &Context<'_>, node: &Value) {
    if condition(node, "Ready") == "False" {
        return;
    }
    let now = context.now.clone();
    context.modify(NODE, node, |node| {
        let message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
        let condition = Condition { kind: "Ready", status: "False", reason: "KubeletNotReady", message };
        set_condition(node, &condition, &now, &["lastHeartbeatTime", "lastTransitionTime"]);
        remove_taint(node);
        super::pods::push(&mut node["spec"], "taints", json!({"key": NOT_READY, "effect": "NoSchedule"}));
    });
}

fn remove_taint(node: &mut Value) {
    let Some(taints) = node.pointer_mut("/spec/taints").and_then(Value::as_array_mut) else { return };
    taints.retain(|taint| text(taint, "/key") != NOT_READY);
    let empty = taints.is_empty();
    if let (true, Some(spec)) = (empty, node["spec"].as_object_mut()) {
        spec.remove("taints");
    }
}

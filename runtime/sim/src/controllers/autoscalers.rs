//! Autoscalers and disruption budgets: their status. There are no metrics, so nothing is scaled beyond the bounds.

use serde_json::{Value, json};

use super::{
    Context,
    object::{
        AUTOSCALER, BUDGET, Condition, DEPLOYMENT, POD, is_going, namespace, number, selects, set_condition, text,
    },
    pods,
};

/// One step of every autoscaler: hold its deployment within the bounds.
pub fn step(context: &Context<'_>) {
    for scaler in context.list(AUTOSCALER, None) {
        if is_going(&scaler) || text(&scaler, "/spec/scaleTargetRef/kind") != "Deployment" {
            continue;
        }
        let target = context.get(DEPLOYMENT, namespace(&scaler), text(&scaler, "/spec/scaleTargetRef/name"));
        hold(context, &scaler, target.as_deref());
    }
}

fn hold(context: &Context<'_>, scaler: &Value, target: Option<&Value>) {
    let mut next = json!({"status": scaler.get("status").cloned().unwrap_or_else(|| json!({}))});
    let stamps = ["lastTransitionTime"];
    let Some(target) = target else {
        let (name, kind) = (text(scaler, "/spec/scaleTargetRef/name"), "AbleToScale");
        let message = format!(
            "the HPA controller was unable to get the target's current scale: deployments/scale.apps \"{name}\" not found"
        );
        let condition = Condition { kind, status: "False", reason: "FailedGetScale", message: &message };
        set_condition(&mut next, &condition, &context.now, &stamps);
        next["status"]["desiredReplicas"] = json!(0);
        context.set_status(AUTOSCALER, scaler, &next["status"]);
        return;
    };
    let (least, most) =
        (number(scaler, "/spec/minReplicas").unwrap_or(1), number(scaler, "/spec/maxReplicas").unwrap_or(1));
    let present = number(target, "/spec/replicas").unwrap_or(1);
    let bounded = if present == 0 { 0 } else { present.clamp(least, most.max(least)) };
    if bounded != present {
        context.modify(DEPLOYMENT, target, |one| one["spec"]["replicas"] = json!(bounded));
    }
    let message = "the HPA controller was able to get the target's current scale";
    let able = Condition { kind: "AbleToScale", status: "True", reason: "SucceededGetScale", message };
    set_condition(&mut next, &able, &context.now, &stamps);
    let message = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
    let active = Condition { kind: "ScalingActive", status: "False", reason: "FailedGetResourceMetric", message };
    set_condition(&mut next, &active, &context.now, &stamps);
    next["status"]["currentReplicas"] = json!(number(target, "/status/replicas").unwrap_or(0));
    next["status"]["desiredReplicas"] = json!(bounded);
    next["status"]["currentMetrics"] = Value::Null;
    context.set_status(AUTOSCALER, scaler, &next["status"]);
}

/// One step of every disruption budget.
pub fn step_budgets(context: &Context<'_>) {
    for budget in context.list(BUDGET, None) {
        if is_going(&budget) {
            continue;
        }
        let mine = context.list(POD, Some(namespace(&budget)));
        let mine: Vec<_> = mine
            .iter()
            .filter(|pod| {
                pods::is_alive(pod) && selects(budget.pointer("/spec/selector"), pod.pointer("/metadata/labels"))
            })
            .collect();
        let expected = i64::try_from(mine.len()).unwrap_or(0);
        let healthy = i64::try_from(mine.iter().filter(|pod| pods::is_ready(pod)).count()).unwrap_or(0);
        let desired = match (budget.pointer("/spec/minAvailable"), budget.pointer("/spec/maxUnavailable")) {
            (Some(least), _) => part(least, expected),
            (None, Some(most)) => expected - part(most, expected),
            (None, None) => 0,
        };
        let allowed = (healthy - desired).max(0);
        let mut next = json!({"status": {
            "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected, "disruptionsAllowed": allowed,
            "observedGeneration": budget["metadata"]["generation"],
        }});
        if let Some(old) = budget.pointer("/status/conditions") {
            next["status"]["conditions"] = old.clone();
        }
        let (status, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        let condition = Condition { kind: "DisruptionAllowed", status, reason, message: "" };
        set_condition(&mut next, &condition, &context.now, &["lastTransitionTime"]);
        for one in next["status"]["conditions"].as_array_mut().into_iter().flatten() {
            (one["message"], one["observedGeneration"]) = (json!(""), budget["metadata"]["generation"].clone());
        }
        context.set_status(BUDGET, &budget, &next["status"]);
    }
}

fn part(value: &Value, of: i64) -> i64 {
    match value {
        Value::String(text) => (of * text.trim_end_matches('%').parse::<i64>().unwrap_or(0) + 99) / 100,
        other => other.as_i64().unwrap_or(0),
    }
}

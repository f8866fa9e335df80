//! Rollouts of workloads: whether one is complete, by the rules of `kubectl rollout status`, and how to start one.

use http::Method;
use meshrun_terms::Steps;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Client, Error,
    error::Result,
    get::read,
    object::{Reference, kind_of, resolve},
    request::{self, Request},
};

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "seen", rename_all = "lowercase")]
pub enum Rollout {
    /// Every replica is new and available.
    Complete(String),
    /// It goes on.
    Underway(String),
    /// It has stopped: the deadline for progress is over.
    Stuck(String),
}

impl Rollout {
    /// Whether it is complete.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }

    /// How far it is, in words: `1 of 3 replicas available`.
    pub fn seen(&self) -> &str {
        match self {
            Self::Complete(seen) | Self::Underway(seen) | Self::Stuck(seen) => seen,
        }
    }
}

/// How far the rollout of a workload is.
///
/// # Errors
/// When it does not exist, or is no Deployment, DaemonSet, StatefulSet or ReplicaSet.
pub async fn rollout_status(client: &Client, workload: &Reference) -> Result<Rollout> {
    let target = resolve(client, workload).await?;
    let object = read(client, &target).await?;
    rollout_of(&object).ok_or_else(|| Error::BadReference { reference: target.to_string() })
}

/// Replace all pods of a workload, as its strategy says, by writing the time into its pod template. A repeat restarts again.
///
/// # Errors
/// When it does not exist or has no pod template.
pub async fn rollout_restart(client: &Client, workload: &Reference, steps: &Steps) -> Result<()> {
    let target = resolve(client, workload).await?;
    // Finer than kubectl's whole seconds: a second restart within one would change nothing.
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let annotations = json!({ "kubectl.kubernetes.io/restartedAt": now });
    let patch = json!({ "spec": { "template": { "metadata": { "annotations": annotations } } } });
    let request = Request::new(Method::PATCH, target.path(), target.to_string())
        .query("fieldManager", "meshrun-restart")
        .query("fieldValidation", "Strict")
        .body("application/merge-patch+json", patch.to_string().into_bytes());
    request::json(client, &request).await?;
    steps.changed(format!("restarted {target} in {}", client.context()));
    Ok(())
}

/// How far the rollout of a workload is, as its status says; none for what has no rollout.
pub fn rollout_of(object: &Value) -> Option<Rollout> {
    let rule = match kind_of(object) {
        "Deployment" => deployment,
        "DaemonSet" => daemon_set,
        "StatefulSet" => stateful_set,
        "ReplicaSet" | "ReplicationController" => replica_set,
        _ => return None,
    };
    let underway = |seen: &str| Some(Rollout::Underway(seen.to_owned()));
    let observed = number(&object["status"]["observedGeneration"]);
    if observed.unwrap_or(0) < number(&object["metadata"]["generation"]).unwrap_or(0) {
        return underway("the controller has not seen the newest version yet");
    }
    Some(rule(&object["spec"], &object["status"]))
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64()
}

fn count(value: &Value) -> i64 {
    number(value).unwrap_or(0)
}

fn underway(done: i64, of: i64, what: &str) -> Rollout {
    Rollout::Underway(format!("{done} of {of} {what}"))
}

fn complete(replicas: i64) -> Rollout {
    Rollout::Complete(format!("{replicas} of {replicas} replicas ready"))
}

fn deployment(spec: &Value, status: &Value) -> Rollout {
    let wanted = number(&spec["replicas"]).unwrap_or(1);
    let (updated, all, available) =
        (count(&status["updatedReplicas"]), count(&status["replicas"]), count(&status["availableReplicas"]));
    let conditions = status["conditions"].as_array();
    let progressing = conditions.into_iter().flatten().find(|condition| condition["type"] == "Progressing");
    if let Some(stopped) = progressing.filter(|condition| condition["reason"] == "ProgressDeadlineExceeded") {
        let message = stopped["message"].as_str().unwrap_or("no progress within the deadline");
        return Rollout::Stuck(format!("{available} of {wanted} replicas available: {message}"));
    }
    if updated < wanted {
        return underway(updated, wanted, "replicas updated");
    }
    if all > updated {
        return Rollout::Underway(format!("{} old replicas are still there", all - updated));
    }
    if available < updated {
        return underway(available, updated, "replicas available");
    }
    complete(available)
}

fn daemon_set(spec: &Value, status: &Value) -> Rollout {
    let wanted = count(&status["desiredNumberScheduled"]);
    let (updated, available) = (count(&status["updatedNumberScheduled"]), count(&status["numberAvailable"]));
    // With OnDelete the pods are replaced by hand, so old ones are no sign of a rollout under way.
    let rolls = spec["updateStrategy"]["type"] != "OnDelete";
    if rolls && updated < wanted {
        return underway(updated, wanted, "pods updated");
    }
    if available < wanted {
        return underway(available, wanted, "pods available");
    }
    complete(available)
}

fn stateful_set(spec: &Value, status: &Value) -> Rollout {
    let wanted = number(&spec["replicas"]).unwrap_or(1);
    let (ready, updated) = (count(&status["readyReplicas"]), count(&status["updatedReplicas"]));
    if ready < wanted {
        return underway(ready, wanted, "replicas ready");
    }
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return complete(ready);
    }
    let partition = count(&spec["updateStrategy"]["rollingUpdate"]["partition"]);
    if partition > 0 {
        let to_update = (wanted - partition).max(0);
        return if updated < to_update { underway(updated, to_update, "replicas updated") } else { complete(ready) };
    }
    if status["updateRevision"] != status["currentRevision"] {
        return underway(updated, wanted, "replicas updated");
    }
    complete(ready)
}

fn replica_set(spec: &Value, status: &Value) -> Rollout {
    let wanted = number(&spec["replicas"]).unwrap_or(1);
    let available = count(&status["availableReplicas"]);
    if available < wanted { underway(available, wanted, "replicas available") } else { complete(available) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: &str, spec: Value, status: Value) -> String {
        let object = json!({ "kind": kind, "metadata": { "generation": 2 }, "spec": spec, "status": status });
        match rollout_of(&object).unwrap() {
            Rollout::Complete(seen) => format!("complete: {seen}"),
            Rollout::Underway(seen) => seen,
            Rollout::Stuck(seen) => format!("stuck: {seen}"),
        }
    }

    #[test]
    fn deployments() {
        let of = |status: Value| seen("Deployment", json!({ "replicas": 3 }), status);
        assert_eq!(of(json!({ "observedGeneration": 1 })), "the controller has not seen the newest version yet");
        assert_eq!(of(json!({ "observedGeneration": 2, "updatedReplicas": 1 })), "1 of 3 replicas updated");
        assert_eq!(
            of(json!({ "observedGeneration": 2, "updatedReplicas": 3, "replicas": 4 })),
            "1 old replicas are still there"
        );
        let almost = json!({ "observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 2 });
        assert_eq!(of(almost), "2 of 3 replicas available");
        let done = json!({ "observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3 });
        assert_eq!(of(done), "complete: 3 of 3 replicas ready");
        let stuck = json!({ "observedGeneration": 2, "conditions": [
            { "type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out" }] });
        assert_eq!(of(stuck), "stuck: 0 of 3 replicas available: timed out");
        let empty = json!({ "observedGeneration": 2 });
        assert_eq!(seen("Deployment", json!({ "replicas": 0 }), empty), "complete: 0 of 0 replicas ready");
    }

    #[test]
    fn daemon_sets() {
        let status = |updated: i64, available: i64| json!({ "observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": updated, "numberAvailable": available });
        let rolling = json!({ "updateStrategy": { "type": "RollingUpdate" } });
        assert_eq!(seen("DaemonSet", rolling.clone(), status(1, 2)), "1 of 2 pods updated");
        assert_eq!(seen("DaemonSet", rolling.clone(), status(2, 1)), "1 of 2 pods available");
        assert_eq!(seen("DaemonSet", rolling, status(2, 2)), "complete: 2 of 2 replicas ready");
        let by_hand = json!({ "updateStrategy": { "type": "OnDelete" } });
        assert_eq!(seen("DaemonSet", by_hand, status(0, 2)), "complete: 2 of 2 replicas ready");
    }

    #[test]
    fn stateful_sets() {
        let status = |ready: i64, updated: i64, revision: &str| json!({ "observedGeneration": 2, "readyReplicas": ready, "updatedReplicas": updated, "currentRevision": "a", "updateRevision": revision });
        let spec = |partition: i64| json!({ "replicas": 3, "updateStrategy": { "rollingUpdate": { "partition": partition } } });
        assert_eq!(seen("StatefulSet", spec(0), status(2, 0, "a")), "2 of 3 replicas ready");
        assert_eq!(seen("StatefulSet", spec(0), status(3, 1, "b")), "1 of 3 replicas updated");
        assert_eq!(seen("StatefulSet", spec(0), status(3, 3, "a")), "complete: 3 of 3 replicas ready");
        assert_eq!(seen("StatefulSet", spec(1), status(3, 1, "b")), "1 of 2 replicas updated");
        assert_eq!(seen("StatefulSet", spec(1), status(3, 2, "b")), "complete: 3 of 3 replicas ready");
    }
}

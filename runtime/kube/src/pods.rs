//! The pods behind an object, and what is wrong with one.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{
    Client,
    condition::condition_of,
    error::Result,
    get::{Query, list},
    object::{is_terminating, kind_of, name_of, namespace_of},
    selector::selector_text,
};

/// Reasons that mostly do not pass without somebody's doing.
const STUCK: [&str; 8] = [
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// The reason of a container that runs, and is not ready.
const NOT_READY: &str = "NotReady";

/// What keeps a container from running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The container; empty when it is the pod as a whole.
    pub container: String,
    /// Its image; empty when it is the pod as a whole.
    pub image: String,
    /// `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable`.
    pub reason: String,
    /// What the kubelet or scheduler says about it.
    pub message: String,
    /// Whether the container has ended at least once, so that there are logs of how.
    pub crashed: bool,
}

impl Trouble {
    /// Whether it mostly does not pass without somebody's doing.
    pub fn is_lasting(&self) -> bool {
        STUCK.contains(&self.reason.as_str())
    }
}

impl Trouble {
    /// The reason and the container, without what is said about it.
    pub(crate) fn headline(&self) -> String {
        Self { message: String::new(), ..self.clone() }.to_string()
    }

    /// Whether the container runs at the moment, after it has crashed.
    pub(crate) fn is_running(&self) -> bool {
        self.reason == NOT_READY
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)?;
        if !self.container.is_empty() {
            write!(formatter, " in container {} ({})", self.container, self.image)?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}

/// The pods of a workload, the pods behind a service, or a pod itself; the newest first.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn pods_of(client: &Client, object: &Value) -> Result<Vec<Value>> {
    if kind_of(object) == "Pod" {
        return Ok(vec![object.clone()]);
    }
    let (Some(selector), Some(namespace)) = (selector_text(&object["spec"]["selector"]), namespace_of(object)) else {
        return Ok(Vec::new());
    };
    let mut pods = list(client, &Query::of("v1/Pod").in_namespace(namespace).with_labels(selector)).await?;
    newest_first(&mut pods);
    Ok(pods)
}

pub(crate) fn newest_first(pods: &mut [Value]) {
    let made = |pod: &Value| pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
    pods.sort_by(|a, b| made(b).cmp(&made(a)).then_with(|| name_of(a).cmp(name_of(b))));
}

/// Whether a pod serves: ready and not on its way out.
pub fn is_ready(pod: &Value) -> bool {
    !is_terminating(pod) && condition_of(pod, "Ready").is_some_and(|condition| condition["status"] == "True")
}

/// What keeps a pod from becoming ready: a container that does not run, or why it is on no node.
pub fn trouble(pod: &Value) -> Option<Trouble> {
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let containers = statuses.iter().flat_map(|key| pod["status"][key].as_array().into_iter().flatten());
    containers.filter_map(container_trouble).next().or_else(|| scheduling_trouble(pod))
}

fn container_trouble(status: &Value) -> Option<Trouble> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let last = &status["lastState"]["terminated"];
    let waiting = &status["state"]["waiting"];
    let ended = &status["state"]["terminated"];
    let trouble = |reason: String, message: String, crashed: bool| Trouble {
        container: text(&status["name"]),
        image: text(&status["image"]),
        reason,
        message,
        crashed,
    };
    if waiting.is_object() {
        let reason = text(&waiting["reason"]);
        // Ordinary stages of a start, unless the container has been there before.
        if matches!(reason.as_str(), "ContainerCreating" | "PodInitializing") && last.is_null() {
            return None;
        }
        return Some(trouble(reason, text(&waiting["message"]), !last.is_null()));
    }
    if ended.is_object() && ended["exitCode"] != 0 {
        let message = Some(text(&ended["message"])).filter(|message| !message.is_empty());
        let code = format!("exit code {}", ended["exitCode"]);
        return Some(trouble(
            text(&ended["reason"]),
            message.map_or(code.clone(), |message| format!("{code}, {message}")),
            true,
        ));
    }
    let restarts = status["restartCount"].as_i64().unwrap_or(0);
    if status["ready"] == false && restarts > 0 && status["state"]["running"].is_object() {
        return Some(trouble(
            NOT_READY.to_owned(),
            format!("restarted {restarts} times, last exit code {}", last["exitCode"]),
            true,
        ));
    }
    None
}

fn scheduling_trouble(pod: &Value) -> Option<Trouble> {
    let scheduled = condition_of(pod, "PodScheduled").filter(|condition| condition["status"] == "False")?;
    let text = |key: &str| scheduled[key].as_str().unwrap_or_default().to_owned();
    Some(Trouble {
        container: String::new(),
        image: String::new(),
        reason: text("reason"),
        message: text("message"),
        crashed: false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: Value) -> Option<String> {
        trouble(&json!({ "kind": "Pod", "status": status })).map(|trouble| trouble.to_string())
    }

    #[test]
    fn what_keeps_a_pod_from_being_ready() {
        let container = |state: Value| {
            json!({ "containerStatuses": [{ "name": "a", "image": "img:1", "ready": false, "restartCount": 2, "state": state,
            "lastState": { "terminated": { "exitCode": 3 } } }] })
        };
        assert_eq!(
            told(container(json!({ "waiting": { "reason": "ImagePullBackOff", "message": "Back-off pulling" } })))
                .as_deref(),
            Some("ImagePullBackOff in container a (img:1): Back-off pulling")
        );
        assert_eq!(
            told(container(json!({ "terminated": { "reason": "Error", "exitCode": 3 } }))).as_deref(),
            Some("Error in container a (img:1): exit code 3")
        );
        assert_eq!(
            told(container(json!({ "running": {} }))).as_deref(),
            Some("NotReady in container a (img:1): restarted 2 times, last exit code 3")
        );
        let starting = json!({ "containerStatuses": [{ "name": "a", "state": { "waiting": { "reason": "ContainerCreating" } } }] });
        assert_eq!(told(starting), None);
        let homeless = json!({ "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes" }] });
        assert_eq!(told(homeless).as_deref(), Some("Unschedulable: 0/1 nodes"));
        let done = json!({ "initContainerStatuses": [{ "name": "i", "state": { "terminated": { "exitCode": 0 } } }] });
        assert_eq!(told(done), None);
    }
}

//! What there is to see about an object that is not as it should be: its conditions, its pods, the last events, the last
//! log lines.

use std::fmt;

use futures::future::join_all;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Client,
    condition::describe,
    error::Result,
    events::{Event, events_in},
    get::find,
    logs::{LogOptions, container_log},
    object::{Reference, kind_of, name_of, namespace_of},
    pods::{Trouble, is_ready, pods_of, trouble},
};

/// How many pods are told about, at most; those that are not ready come first.
const PODS: usize = 5;
/// How many events, at most.
const EVENTS: usize = 6;
/// How many log lines of a container that has crashed.
const LOG_LINES: i64 = 5;

/// What was seen about an object. It displays as lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Evidence {
    /// The object, in words.
    pub object: String,
    /// Its conditions that are not as one wants them, in words.
    pub conditions: Vec<String>,
    /// Its pods.
    pub pods: Vec<PodEvidence>,
    /// The last events about it and its pods, the oldest first; warnings are preferred.
    pub events: Vec<Event>,
    /// What could not be read.
    pub unread: Vec<String>,
}

/// What was seen about a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodEvidence {
    /// Its name.
    pub name: String,
    /// `Pending`, `Running`.
    pub phase: String,
    /// Whether it is ready.
    pub ready: bool,
    /// What keeps it from being ready.
    pub trouble: Option<Trouble>,
    /// The last lines that a crashed container wrote.
    pub log: Vec<String>,
}

/// Look at an object that is not as it should be. It does not fail: what cannot be read is told in the evidence.
pub async fn evidence(client: &Client, object: &Reference) -> Evidence {
    match find(client, object).await {
        Ok(Some(value)) => evidence_of(client, &value).await,
        Ok(None) => {
            Evidence { object: object.to_string(), unread: vec!["it does not exist".to_owned()], ..Evidence::default() }
        }
        Err(error) => Evidence { object: object.to_string(), unread: vec![error.to_string()], ..Evidence::default() },
    }
}

/// As [`evidence`], about an object that was just read.
pub async fn evidence_of(client: &Client, object: &Value) -> Evidence {
    let mut unread = Vec::new();
    let pods = noted(pods_of(client, object).await, "pods", &mut unread);
    let namespace = namespace_of(object).unwrap_or("default");
    let events = noted(events_in(client, namespace).await, "events", &mut unread);
    let events = concerning(events, object, &pods);
    Evidence {
        object: Reference::of(object).to_string(),
        conditions: telling_conditions(object),
        pods: join_all(telling_pods(pods).iter().map(|pod| pod_evidence(client, pod))).await,
        events,
        unread,
    }
}

fn noted<T: Default>(result: Result<T>, what: &str, unread: &mut Vec<String>) -> T {
    result.unwrap_or_else(|error| {
        unread.push(format!("its {what}: {error}"));
        T::default()
    })
}

/// The conditions, without those that are as they should be; nobody needs to read those of pods, which are told otherwise.
fn telling_conditions(object: &Value) -> Vec<String> {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let conditions = conditions.filter(|_| kind_of(object) != "Pod");
    conditions.filter(|condition| condition["status"] != "True" || is_bad_news(condition)).map(describe).collect()
}

/// Conditions that are bad when they are true.
fn is_bad_news(condition: &Value) -> bool {
    let kind = condition["type"].as_str().unwrap_or_default();
    ["Failure", "Failed", "Pressure", "Stalled", "Unavailable"].iter().any(|word| kind.contains(word))
}

/// The pods worth telling about: those that are not ready, else the first ones.
fn telling_pods(pods: Vec<Value>) -> Vec<Value> {
    let (ready, mut telling): (Vec<_>, Vec<_>) = pods.into_iter().partition(is_ready);
    telling.extend(ready);
    telling.truncate(PODS);
    telling
}

async fn pod_evidence(client: &Client, pod: &Value) -> PodEvidence {
    let trouble = trouble(pod);
    let log = match &trouble {
        Some(trouble) if trouble.crashed => crash_log(client, pod, trouble).await,
        _ => Vec::new(),
    };
    PodEvidence {
        name: name_of(pod).to_owned(),
        phase: pod["status"]["phase"].as_str().unwrap_or("Unknown").to_owned(),
        ready: is_ready(pod),
        trouble,
        log,
    }
}

/// The last lines of a container that has crashed. One that is running again has them in the log of the run before.
async fn crash_log(client: &Client, pod: &Value, trouble: &Trouble) -> Vec<String> {
    let namespace = namespace_of(pod).unwrap_or("default");
    for previous in [trouble.is_running(), !trouble.is_running()] {
        let options = LogOptions {
            container: Some(trouble.container.clone()),
            tail: Some(LOG_LINES),
            previous,
            ..LogOptions::default()
        };
        // Evidence is best effort: a log that cannot be read must not hide the failure it was to explain.
        let log = container_log(client, namespace, name_of(pod), &options).await.unwrap_or_default();
        // The kubelet says so when the file of the log is gone.
        if !log.trim().is_empty() && !log.starts_with("unable to retrieve container logs") {
            return log.lines().map(str::to_owned).collect();
        }
    }
    Vec::new()
}

/// The last events about the object, its pods, and what stands between them (replica sets are named after their deployment).
fn concerning(events: Vec<Event>, object: &Value, pods: &[Value]) -> Vec<Event> {
    let name = name_of(object);
    let is_workload = object["spec"]["template"].is_object();
    let concerns = |event: &Event| {
        let is_itself = event.name == name && event.kind == kind_of(object);
        let is_pod = event.kind == "Pod" && pods.iter().any(|pod| name_of(pod) == event.name);
        let between = event.kind == "ReplicaSet" && event.name.rsplit_once('-').is_some_and(|(owner, _)| owner == name);
        is_itself || is_pod || (is_workload && between)
    };
    let (warnings, normal): (Vec<_>, Vec<_>) = events.into_iter().filter(concerns).partition(Event::is_warning);
    let last = |events: Vec<Event>, count: usize| events.into_iter().rev().take(count).collect::<Vec<_>>();
    let mut telling = last(warnings, EVENTS);
    telling.extend(last(normal, EVENTS - telling.len()));
    telling.sort_by(|a, b| a.time.cmp(&b.time));
    telling
}

impl Evidence {
    /// The lines.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.conditions.clone();
        for pod in &self.pods {
            let state = if pod.ready { "ready".to_owned() } else { format!("{}, not ready", pod.phase) };
            let trouble =
                pod.trouble.as_ref().filter(|_| !pod.ready).map(|trouble| format!(": {trouble}")).unwrap_or_default();
            lines.push(format!("pod {}: {state}{trouble}", pod.name));
            lines.extend(pod.log.iter().map(|line| format!("  | {line}")));
        }
        lines.extend(self.events.iter().map(Event::to_string));
        lines.extend(self.unread.iter().map(|unread| format!("cannot be read: {unread}")));
        lines
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.lines().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(time: &str, level: &str, kind: &str, name: &str) -> Event {
        Event {
            time: time.into(),
            level: level.into(),
            reason: "R".into(),
            kind: kind.into(),
            name: name.into(),
            message: "m".into(),
            count: 1,
        }
    }

    #[test]
    fn events_of_the_object_its_replica_sets_and_its_pods_count() {
        let deployment = json!({ "kind": "Deployment", "metadata": { "name": "web" }, "spec": { "template": {} } });
        let pods = [json!({ "metadata": { "name": "web-1-a" } })];
        let mut events: Vec<Event> = (0..8).map(|n| event(&format!("0{n}"), "Normal", "Pod", "web-1-a")).collect();
        events.push(event("03", "Warning", "ReplicaSet", "web-1"));
        events.push(event("09", "Warning", "Pod", "other"));
        events.push(event("00", "Warning", "Deployment", "web"));
        let telling = concerning(events, &deployment, &pods);
        let told: Vec<_> = telling.iter().map(|event| format!("{} {}", event.time, event.level)).collect();
        assert_eq!(told, ["00 Warning", "03 Warning", "04 Normal", "05 Normal", "06 Normal", "07 Normal"]);
    }

    #[test]
    fn evidence_reads_as_lines() {
        let evidence = Evidence {
            object: "deployment a/web".into(),
            conditions: vec!["Available is False (MinimumReplicasUnavailable)".into()],
            pods: vec![PodEvidence {
                name: "web-1".into(),
                phase: "Running".into(),
                ready: false,
                trouble: Some(Trouble {
                    container: "c".into(),
                    image: "i".into(),
                    reason: "CrashLoopBackOff".into(),
                    message: String::new(),
                    crashed: true,
                }),
                log: vec!["boom".into()],
            }],
            events: vec![event("1", "Warning", "Pod", "web-1")],
            unread: vec!["its events: no".into()],
        };
        assert_eq!(
            evidence.to_string(),
            "Available is False (MinimumReplicasUnavailable)\npod web-1: Running, not ready: CrashLoopBackOff in container c (i)\n  | boom\nWarning R pod/web-1: m\ncannot be read: its events: no"
        );
    }
}

//! Events: what the cluster's controllers tell about objects.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{
    Client,
    error::Result,
    get::{Query, list},
    object::Reference,
};

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it happened last, as the server writes times.
    pub time: String,
    /// `Normal` or `Warning`.
    pub level: String,
    /// `FailedScheduling`, `BackOff`.
    pub reason: String,
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// What happened.
    pub message: String,
    /// How often.
    pub count: i64,
}

impl Event {
    /// Whether it tells of trouble.
    pub fn is_warning(&self) -> bool {
        self.level == "Warning"
    }

    fn of(event: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let times = [
            &event["series"]["lastObservedTime"],
            &event["lastTimestamp"],
            &event["eventTime"],
            &event["metadata"]["creationTimestamp"],
        ];
        Self {
            time: times.iter().find(|time| time.is_string()).map(|time| text(time)).unwrap_or_default(),
            level: text(&event["type"]),
            reason: text(&event["reason"]),
            kind: text(&event["involvedObject"]["kind"]),
            name: text(&event["involvedObject"]["name"]),
            message: text(&event["message"]).trim().replace('\n', " "),
            count: event["series"]["count"].as_i64().or(event["count"].as_i64()).unwrap_or(1),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} {}/{}: {}",
            self.level,
            self.reason,
            self.kind.to_lowercase(),
            self.name,
            self.message
        )?;
        if self.count > 1 { write!(formatter, " ({} times)", self.count) } else { Ok(()) }
    }
}

/// The events of a namespace, the oldest first.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn events_in(client: &Client, namespace: &str) -> Result<Vec<Event>> {
    sorted(list(client, &Query::of("v1/Event").in_namespace(namespace)).await?)
}

/// The events of an object, the oldest first. Those of its pods are not among them.
///
/// # Errors
/// When the server does not answer or refuses, or does not know the kind.
pub async fn events_of(client: &Client, reference: &Reference) -> Result<Vec<Event>> {
    let target = crate::object::resolve(client, reference).await?;
    // Events of objects without a namespace are kept in the default one.
    let namespace = target.namespace.as_deref().unwrap_or("default");
    let mut query = Query::of("v1/Event").in_namespace(namespace);
    query.fields = Some(format!("involvedObject.name={},involvedObject.kind={}", target.name, target.resource.kind));
    sorted(list(client, &query).await?)
}

fn sorted(events: Vec<Value>) -> Result<Vec<Event>> {
    let mut events: Vec<Event> = events.iter().map(Event::of).collect();
    events.sort_by(|a, b| a.time.cmp(&b.time));
    Ok(events)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_reads_as_a_line() {
        let event = Event::of(&json!({
            "type": "Warning", "reason": "BackOff", "message": "Back-off\npulling", "count": 3, "eventTime": null,
            "lastTimestamp": "2024-01-01T00:00:00Z", "involvedObject": { "kind": "Pod", "name": "a" },
        }));
        assert_eq!(event.to_string(), "Warning BackOff pod/a: Back-off pulling (3 times)");
        assert_eq!(event.time, "2024-01-01T00:00:00Z");
    }
}

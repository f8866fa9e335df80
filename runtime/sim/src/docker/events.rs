//! What has happened in the engine, told to whoever asks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::{broadcast, mpsc};

use super::{
    call::Call,
    reply::{self, Answer, Failure},
    state::Container,
};
use crate::World;

/// How many events are kept, as the engine does.
const KEPT: usize = 256;

/// The events.
pub(crate) struct Events {
    past: Mutex<VecDeque<Value>>,
    sender: broadcast::Sender<Value>,
}

impl Default for Events {
    fn default() -> Self {
        Self { past: Mutex::default(), sender: broadcast::Sender::new(KEPT) }
    }
}

impl Events {
    /// Tell that something has happened to a thing: `container`, `start`, its identifier and what is known of it.
    pub fn tell(&self, kind: &str, action: &str, id: &str, attributes: Map<String, Value>) {
        let now = Timestamp::now();
        let mut event = json!({
            "Type": kind, "Action": action, "Actor": { "ID": id, "Attributes": attributes },
            "scope": "local", "time": now.as_second(), "timeNano": i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX),
        });
        if kind == "container" {
            event["status"] = action.into();
            event["id"] = id.into();
            event["from"] = event["Actor"]["Attributes"]["image"].clone();
        }
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.push_back(event.clone());
        if past.len() > KEPT {
            past.pop_front();
        }
        drop(past);
        let _nobody = self.sender.send(event); // nobody may listen
    }

    /// Tell that something has happened to a container.
    pub fn container(&self, container: &Container, action: &str) {
        let labels = container.config.get("Labels").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut attributes = labels;
        attributes.insert("image".to_owned(), container.image_name().into());
        attributes.insert("name".to_owned(), container.name.clone().into());
        if action == "die" {
            attributes.insert("exitCode".to_owned(), container.exit_code.to_string().into());
        }
        self.tell("container", action, &container.id, attributes);
    }
}

/// `GET /events`.
pub(crate) fn follow(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    let known = ["container", "event", "image", "label", "network", "type", "volume", "scope"];
    if let Some((key, _)) = filters.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(Failure::bad(format!("invalid filter '{key}'")));
    }
    let (since, until) = (time(call, "since")?, time(call, "until")?);
    let events = &world.engine.events;
    let mut receiver = events.sender.subscribe();
    let past = events.past.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let fits = move |event: &Value| {
        let at = event["timeNano"].as_i64().unwrap_or_default();
        until.is_none_or(|until| at <= until) && filters.iter().all(|(key, values)| has(event, key, values))
    };
    let (sender, chunks) = mpsc::channel(64);
    tokio::spawn(async move {
        let after = |event: &Value| since.is_some_and(|since| event["timeNano"].as_i64().unwrap_or_default() >= since);
        for event in past.iter().filter(|event| after(event) && fits(event)) {
            if sender.send(Bytes::from(format!("{event}\n"))).await.is_err() {
                return;
            }
        }
        loop {
            let left = until.map(|until| until.saturating_sub(now()).max(0).cast_unsigned());
            let over = async {
                match left {
                    Some(left) => tokio::time::sleep(std::time::Duration::from_nanos(left)).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                () = over => return,
                () = sender.closed() => return,
                event = receiver.recv() => event,
            };
            match event {
                Ok(event) if fits(&event) => {
                    if sender.send(Bytes::from(format!("{event}\n"))).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    Ok(reply::stream("application/json", reply::channel(chunks)))
}

fn now() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// A time in nanoseconds: seconds with a fraction, or as written in RFC 3339.
pub(crate) fn time(call: &Call, key: &str) -> Result<Option<i64>, Failure> {
    let Some(text) = call.query(key) else { return Ok(None) };
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Some(i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)));
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let both = seconds.parse::<i64>().ok().zip(fraction.parse::<i64>().ok());
    let (seconds, fraction) =
        both.ok_or_else(|| Failure::bad(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")))?;
    Ok(Some(seconds.saturating_mul(1_000_000_000).saturating_add(fraction)))
}

fn has(event: &Value, key: &str, values: &[String]) -> bool {
    let attributes = &event["Actor"]["Attributes"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&event["Type"]);
    values.is_empty()
        || values.iter().any(|wanted| match key {
            "type" => kind == *wanted,
            "event" => text(&event["Action"]).split(':').next() == Some(wanted),
            "scope" => text(&event["scope"]) == *wanted,
            "label" => match wanted.split_once('=') {
                Some((key, value)) => attributes[key].as_str() == Some(value),
                None => attributes.get(wanted).is_some(),
            },
            subject => {
                kind == subject
                    && (text(&event["Actor"]["ID"]).starts_with(wanted.as_str())
                        || text(&attributes["name"]) == *wanted)
            }
        })
}

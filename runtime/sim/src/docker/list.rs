//! Containers, listed and inspected.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    call::Call,
    container,
    reply::{self, Answer, Failure},
    state::{Container, State},
};
use crate::{World, registry::Reference};

/// `GET /containers/{id}/json`.
pub(crate) fn inspect(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let state = world.engine.state();
    let mut told = container::inspect(&state, state.container(id)?);
    if call.switch("size") {
        told["SizeRw"] = 0.into();
        told["SizeRootFs"] = 0.into();
    }
    Ok(reply::json(&told))
}

const FILTERS: [&str; 15] = [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
];

/// `GET /containers/json`.
pub(crate) fn list(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    if let Some((key, _)) = filters.iter().find(|(key, _)| !FILTERS.contains(&key.as_str())) {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let limit = match call.query("limit") {
        None => None,
        Some(text) => Some(
            text.parse::<i64>()
                .map_err(|_| Failure::bad(format!("strconv.Atoi: parsing \"{text}\": invalid syntax")))?,
        ),
    };
    let limit = limit.filter(|limit| *limit > 0).and_then(|limit| usize::try_from(limit).ok());
    let by_status = filters.iter().any(|(key, _)| key == "status");
    let all = call.switch("all") || limit.is_some() || by_status || filters.iter().any(|(key, _)| key == "exited");
    let state = world.engine.state();
    for (_, values) in filters.iter().filter(|(key, _)| key == "status") {
        let known = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];
        if let Some(word) = values.iter().find(|word| !known.contains(&word.as_str())) {
            return Err(Failure::bad(format!("Unrecognised filter value for status: {word}")));
        }
    }
    let mut told = Vec::new();
    for one in state.containers.iter().rev() {
        if !(all || one.is_running()) || told.len() == limit.unwrap_or(usize::MAX) {
            continue;
        }
        let mut fits = true;
        for (key, values) in &filters {
            fits &= has(world, &state, one, key, values)?;
        }
        if fits {
            told.push(summary(&state, one));
        }
    }
    Ok(reply::json(&told.into()))
}

fn has(world: &World, state: &State, one: &Container, key: &str, values: &[String]) -> Result<bool, Failure> {
    let any = |fits: &dyn Fn(&str) -> bool| values.is_empty() || values.iter().any(|value| fits(value));
    Ok(match key {
        // All labels must be there; of all other filters one value is enough.
        "label" => values.iter().all(|wanted| match wanted.split_once('=') {
            Some((key, value)) => one.label(key) == Some(value),
            None => one.label(wanted).is_some(),
        }),
        "id" => any(&|value| one.id.starts_with(value)),
        "name" => any(&|value| matches(value, &one.name)),
        "status" => any(&|value| one.status.word() == value),
        "exited" => any(&|value| one.status.word() == "exited" && one.exit_code.to_string() == value),
        "network" => any(&|value| {
            one.places
                .iter()
                .any(|(name, place)| name == value || (!place.network.is_empty() && place.network.starts_with(value)))
        }),
        "volume" => {
            any(&|value| one.mounts.iter().any(|mount| mount.target == value || mount.volume.as_deref() == Some(value)))
        }
        "ancestor" => any(&|value| {
            let same = Reference::parse(value).is_some_and(|wanted| Reference::parse(one.image_name()) == Some(wanted));
            same || super::images::find(state, value).is_ok_and(|image| image.id == one.image)
        }),
        other => return Err(Failure::unknown(world.recorder.unknown(format!("GET /containers/json: filter {other}")))),
    })
}

/// Whether a name fits the pattern of a filter, with and without its slash.
fn matches(pattern: &str, name: &str) -> bool {
    match regex::Regex::new(pattern) {
        Ok(pattern) => pattern.is_match(name) || pattern.is_match(&format!("/{name}")),
        Err(_) => name == pattern,
    }
}

fn summary(state: &State, one: &Container) -> Value {
    let command = one.argv.iter().map(|word| quoted(word)).collect::<Vec<String>>().join(" ");
    let mode =
        one.host_config.get("NetworkMode").and_then(Value::as_str).filter(|mode| !mode.is_empty()).unwrap_or("default");
    json!({
        "Id": one.id, "Names": [format!("/{}", one.name)], "Image": one.image_name(), "ImageID": one.image, "Command": command,
        "Created": one.created.as_second(), "Ports": container::listed_ports(one), "Labels": one.config.get("Labels"),
        "State": one.status.word(), "Status": container::status(one), "HostConfig": { "NetworkMode": mode },
        "NetworkSettings": { "Networks": container::networks(state, one) },
        "Mounts": container::inspect(state, one)["Mounts"],
    })
}

fn quoted(word: &str) -> String {
    if word.contains(' ') { format!("'{word}'") } else { word.to_owned() }
}

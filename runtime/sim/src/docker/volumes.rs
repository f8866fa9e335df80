//! Volumes: create, list, inspect, remove, prune.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::Call,
    create as creation, fields,
    reply::{self, Answer, Failure},
    state::{State, Volume},
};
use crate::World;

fn told(one: &Volume) -> Value {
    json!({
        "CreatedAt": format!("{:.0}", one.created), "Driver": "local", "Labels": one.labels, "Mountpoint": creation::place_of(&one.name),
        "Name": one.name, "Options": one.options, "Scope": "local",
    })
}

/// `POST /volumes/create`.
pub(crate) async fn create(world: &Arc<World>, mut call: Call) -> Answer {
    let body = call.json().await?.unwrap_or_default();
    fields::check(world, "POST /volumes/create", &body, &["Name", "Driver", "DriverOpts", "Labels"])?;
    let driver = fields::text(&body, "Driver")?;
    if !matches!(driver, "" | "local") {
        return Err(Failure::missing(format!(
            "create {}: error looking up volume plugin {driver}: plugin \"{driver}\" not found",
            fields::text(&body, "Name")?
        )));
    }
    let name = fields::text(&body, "Name")?;
    let valid = |name: &str| {
        name.len() > 1
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
            && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    if !name.is_empty() && !valid(name) {
        return Err(Failure::bad(format!(
            "create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
        )));
    }
    let anonymous = name.is_empty();
    let name = if anonymous { world.hex("volume", 64) } else { name.to_owned() };
    let field = |key: &str| body.get(key).cloned().unwrap_or(Value::Null);
    let volume = || Volume {
        name: name.clone(),
        created: jiff::Timestamp::now(),
        options: field("DriverOpts"),
        labels: field("Labels"),
        anonymous,
    };
    let mut state = world.engine.state();
    let one = state.volumes.entry(name.clone()).or_insert_with(volume);
    Ok(reply::json_with(StatusCode::CREATED, &told(one)))
}

/// `GET /volumes`.
pub(crate) fn list(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    let known = ["dangling", "driver", "label", "name"];
    if let Some((key, _)) = filters.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let state = world.engine.state();
    let fits = |one: &&Volume| filters.iter().all(|(key, values)| has(&state, one, key, values));
    let all: Vec<Value> = state.volumes.values().filter(fits).map(told).collect();
    Ok(reply::json(&json!({ "Volumes": all, "Warnings": null })))
}

fn has(state: &State, one: &Volume, key: &str, values: &[String]) -> bool {
    match key {
        "name" => values.iter().any(|value| one.name.contains(value.as_str())),
        "driver" => values.iter().any(|value| value == "local"),
        "label" => values.iter().all(|wanted| match wanted.split_once('=') {
            Some((key, value)) => one.labels[key].as_str() == Some(value),
            None => one.labels.get(wanted).is_some(),
        }),
        _ => values.iter().any(|value| matches!(value.as_str(), "true" | "1") != is_used(state, &one.name)),
    }
}

fn is_used(state: &State, name: &str) -> bool {
    user(state, name).is_some()
}

fn user<'a>(state: &'a State, name: &str) -> Option<&'a str> {
    let uses = |one: &&super::state::Container| one.mounts.iter().any(|mount| mount.volume.as_deref() == Some(name));
    state.containers.iter().find(uses).map(|one| one.id.as_str())
}

/// `GET /volumes/{name}`.
pub(crate) fn inspect(world: &Arc<World>, name: &str) -> Answer {
    let state = world.engine.state();
    let one = state.volumes.get(name).ok_or_else(|| Failure::missing(format!("get {name}: no such volume")))?;
    Ok(reply::json(&told(one)))
}

/// `DELETE /volumes/{name}`.
pub(crate) fn remove(world: &Arc<World>, call: &Call, name: &str) -> Answer {
    let mut state = world.engine.state();
    if let Some(user) = user(&state, name) {
        return Err(Failure::conflict(format!("remove {name}: volume is in use - [{user}]")));
    }
    match state.volumes.remove(name) {
        None if !call.switch("force") => Err(Failure::missing(format!("get {name}: no such volume"))),
        _ => Ok(reply::status(StatusCode::NO_CONTENT)),
    }
}

/// `POST /volumes/prune`. Since version 1.42 only what was made without a name goes, unless all is asked for.
pub(crate) fn prune(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    if let Some((key, _)) = filters.iter().find(|(key, _)| !matches!(key.as_str(), "label" | "all")) {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let all = filters
        .iter()
        .any(|(key, values)| key == "all" && values.iter().any(|value| matches!(value.as_str(), "true" | "1")));
    let all = all || call.version < (1, 42);
    let mut state = world.engine.state();
    let labels: Vec<&(String, Vec<String>)> = filters.iter().filter(|(key, _)| key == "label").collect();
    let goes = |one: &&Volume| {
        (all || one.anonymous)
            && !is_used(&state, &one.name)
            && labels.iter().all(|(key, values)| has(&state, one, key, values))
    };
    let gone: Vec<String> = state.volumes.values().filter(goes).map(|one| one.name.clone()).collect();
    for name in &gone {
        state.volumes.remove(name);
    }
    let gone = if gone.is_empty() { Value::Null } else { json!(gone) };
    Ok(reply::json(&json!({ "VolumesDeleted": gone, "SpaceReclaimed": 0 })))
}

#[cfg(test)]
mod tests {
    use super::{super::container, *};

    #[test]
    fn a_volume_is_told_as_the_engine_does() {
        let created = jiff::Timestamp::UNIX_EPOCH;
        let one = Volume { name: "v".into(), created, options: Value::Null, labels: Value::Null, anonymous: false };
        assert_eq!(told(&one)["CreatedAt"], "1970-01-01T00:00:00Z");
        assert_eq!(told(&one)["Mountpoint"], "/var/lib/docker/volumes/v/_data");
        assert_eq!(container::time(Some(created)), "1970-01-01T00:00:00.000000000Z");
    }
}

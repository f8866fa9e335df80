//! Files into a container and out of it, as archives.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::{
    call::Call,
    files::{Content, Entry, Files},
    reply::{self, Answer, Failure},
};
use crate::World;

const STAT: &str = "X-Docker-Container-Path-Stat";

fn wanted(call: &Call) -> Result<&str, Failure> {
    call.query("path").ok_or_else(|| Failure::bad("missing path"))
}

/// What is at a path: its plain form, and the entry. A path that ends with a slash or `/.` means what a link leads to.
fn there(files: &Files, path: &str, container: &str) -> Result<(String, Entry), Failure> {
    let missing = || Failure::missing(format!("Could not find the file {path} in container {container}"));
    let through = path.ends_with('/') || path.ends_with("/.");
    let plain = if through { files.resolved(path) } else { files.itself(path) };
    let entry = files.get_itself(&plain).ok_or_else(missing)?;
    if through && entry.content != Content::Folder {
        return Err(missing());
    }
    Ok((plain, entry))
}

fn described(files: &Files, plain: &str, entry: &Entry) -> HeaderValue {
    let name = plain.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/");
    // Rights as Go has them: what a file is stands in the upper bits.
    let (kind, size, target) = match &entry.content {
        Content::Folder => (1_u32 << 31, 4096, String::new()),
        Content::File(bytes) => (0, bytes.len(), String::new()),
        Content::Link(_) => (1 << 27, 0, files.resolved(plain)),
        Content::Socket => (1 << 24, 0, String::new()),
    };
    let time = jiff::Timestamp::from_second(entry.modified).unwrap_or_default();
    let stat = json!({ "name": name, "size": size, "mode": kind | entry.mode, "mtime": format!("{time}"), "linkTarget": target });
    HeaderValue::from_str(&STANDARD.encode(stat.to_string())).unwrap_or(HeaderValue::from_static("")) // base64 is always fit
}

/// `HEAD /containers/{id}/archive`.
pub(crate) fn stat(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let state = world.engine.state();
    let one = state.container(id)?;
    let (plain, entry) = there(&one.files, wanted(call)?, id)?;
    let mut response = reply::status(StatusCode::OK);
    response.headers_mut().insert(STAT, described(&one.files, &plain, &entry));
    Ok(response)
}

/// `GET /containers/{id}/archive`.
pub(crate) fn download(world: &Arc<World>, call: &Call, id: &str) -> Answer {
    let state = world.engine.state();
    let one = state.container(id)?;
    let (plain, entry) = there(&one.files, wanted(call)?, id)?;
    let name = plain.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(".");
    let archive = one.files.archive(&plain, name).map_err(|error| Failure::internal(error.to_string()))?;
    let mut response = reply::bytes("application/x-tar", archive);
    response.headers_mut().insert(STAT, described(&one.files, &plain, &entry));
    Ok(response)
}

/// `PUT /containers/{id}/archive`.
pub(crate) async fn upload(world: &Arc<World>, mut call: Call, id: &str) -> Answer {
    let path = wanted(&call)?.to_owned();
    let id = world.engine.state().container(id).map(|one| one.id.clone())?;
    let archive = call.archive().await?;
    let mut state = world.engine.state();
    let one = state.container_mut(&id)?;
    let plain = one.files.resolved(&path);
    match one.files.get(&plain).map(|entry| entry.content) {
        None => return Err(Failure::missing(format!("Could not find the file {path} in container {id}"))),
        Some(Content::Folder) => {}
        Some(_) => return Err(Failure::bad("extraction point is not a directory")),
    }
    // What is broken in the middle changes nothing here.
    let mut changed = one.files.clone();
    changed
        .unpack(&plain, &archive)
        .map_err(|error| Failure::internal(format!("Error processing tar file(exit status 1): {error}")))?;
    one.files = changed;
    Ok(reply::status(StatusCode::OK))
}

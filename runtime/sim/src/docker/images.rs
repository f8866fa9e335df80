//! Images: list, inspect, pull, import, load, save, tag, remove.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    container::{layers, time},
    image::{self, Image},
    reply::{self, Answer, Failure},
    state::State,
};
use crate::{
    World,
    registry::{Reference, Refusal},
};

/// The image that is meant: by name, by digest, by identifier or the beginning of one.
///
/// # Errors
/// 404, in the engine's words.
pub(crate) fn find<'a>(state: &'a State, wanted: &str) -> Result<&'a Image, Failure> {
    let missing = || {
        let bare = !wanted.contains('@') && !wanted.rsplit('/').next().unwrap_or_default().contains(':');
        let tag = if bare && !wanted.starts_with("sha256:") { ":latest" } else { "" };
        Failure::missing(format!("No such image: {wanted}{tag}"))
    };
    let invalid = || Failure::bad("invalid reference format");
    if let Some(found) = state.images.get(wanted).or_else(|| state.images.get(&format!("sha256:{wanted}"))) {
        return Ok(found);
    }
    let hex = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    if let Some(reference) = Reference::parse(wanted).filter(|_| !wanted.starts_with("sha256:")) {
        let name = reference.familiar();
        let same = |one: &&Image| match (&reference.digest, &reference.tag) {
            (Some(digest), _) => one.digests.contains(&format!("{name}@{digest}")) || one.id == *digest,
            (None, Some(tag)) => one.tags.contains(&format!("{name}:{tag}")),
            (None, None) => false,
        };
        if let Some(found) = state.images.values().find(same) {
            return Ok(found);
        }
    } else if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) || hex.is_empty() {
        return Err(invalid());
    }
    let fits: Vec<&Image> =
        state.images.values().filter(|one| hex.len() >= 2 && one.id[7..].starts_with(hex)).collect();
    match fits.as_slice() {
        [one] => Ok(one),
        _ => Err(missing()),
    }
}

fn created(image: &Image) -> i64 {
    let described = image.described();
    described["created"]
        .as_str()
        .and_then(|time| time.parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_second)
}

/// `GET /images/json`.
pub(crate) fn list(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    let known = ["before", "dangling", "label", "reference", "since", "until"];
    if let Some((key, _)) = filters.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let state = world.engine.state();
    let mut all = Vec::new();
    for one in state.images.values() {
        let mut fits = true;
        for (key, values) in &filters {
            fits &= has(world, one, key, values)?;
        }
        if fits {
            let labels = one.config()["Labels"].clone();
            all.push(json!({
                "Containers": -1, "Created": created(one), "Id": one.id, "Labels": labels, "ParentId": "",
                "RepoDigests": if one.digests.is_empty() { Value::Null } else { json!(one.digests) },
                "RepoTags": if one.tags.is_empty() && one.digests.is_empty() { json!(["<none>:<none>"]) } else { json!(one.tags) },
                "SharedSize": -1, "Size": one.size, "VirtualSize": one.size,
            }));
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse(one["Created"].as_i64()));
    Ok(reply::json(&all.into()))
}

fn has(world: &World, one: &Image, key: &str, values: &[String]) -> Result<bool, Failure> {
    Ok(match key {
        "dangling" => values.iter().any(|value| matches!(value.as_str(), "true" | "1") == one.tags.is_empty()),
        "reference" => values.iter().any(|value| one.tags.iter().any(|tag| matches(value, tag))),
        "label" => values.iter().all(|wanted| match wanted.split_once('=') {
            Some((key, value)) => one.config()["Labels"][key].as_str() == Some(value),
            None => one.config()["Labels"].get(wanted).is_some(),
        }),
        other => return Err(Failure::unknown(world.recorder.unknown(format!("GET /images/json: filter {other}")))),
    })
}

/// Whether a name with its tag fits a pattern with stars, which do not go over slashes.
fn matches(pattern: &str, tag: &str) -> bool {
    let name = tag.rsplit_once(':').map_or(tag, |(name, _)| name);
    let written = regex::escape(pattern).replace("\\*", "[^/]*").replace("\\?", "[^/]");
    regex::Regex::new(&format!("^{written}$")).is_ok_and(|pattern| pattern.is_match(tag) || pattern.is_match(name))
}

/// `GET /images/{name}/json`.
pub(crate) fn inspect(world: &Arc<World>, name: &str) -> Answer {
    let state = world.engine.state();
    let one = find(&state, name).map_err(|failure| match failure.status {
        // The engine says it twice.
        StatusCode::NOT_FOUND => Failure::missing(format!("no such image: {name}: {}", failure.message)),
        _ => failure,
    })?;
    let described = one.described();
    let mut config = json!({
        "Hostname": "", "Domainname": "", "User": "", "AttachStdin": false, "AttachStdout": false, "AttachStderr": false, "Tty": false,
        "OpenStdin": false, "StdinOnce": false, "Env": null, "Cmd": null, "Image": "", "Volumes": null, "WorkingDir": "", "Entrypoint": null,
        "OnBuild": null, "Labels": null,
    });
    for (key, value) in described["config"].as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    Ok(reply::json(&json!({
        "Id": one.id, "RepoTags": one.tags, "RepoDigests": one.digests, "Parent": "",
        "Comment": described["comment"].as_str().unwrap_or_default(), "Created": described["created"], "Container": "",
        "ContainerConfig": config, "DockerVersion": "", "Author": "", "Config": config, "Architecture": described["architecture"], "Os": described["os"],
        "Size": one.size, "VirtualSize": one.size, "GraphDriver": { "Data": layers(&one.id), "Name": "overlay2" },
        "RootFS": { "Type": "layers", "Layers": described["rootfs"]["diff_ids"] }, "Metadata": { "LastTagTime": time(None) },
    })))
}

/// `GET /images/{name}/history`.
pub(crate) fn history(world: &Arc<World>, name: &str) -> Answer {
    let state = world.engine.state();
    let one = find(&state, name)?;
    let entry = |step: &Value| {
        json!({
            "Id": one.id, "Created": created(one), "CreatedBy": step["created_by"].as_str().unwrap_or_default(), "Tags": one.tags,
            "Size": one.size, "Comment": step["comment"].as_str().unwrap_or_default(),
        })
    };
    let all: Vec<Value> = one.described()["history"].as_array().into_iter().flatten().map(entry).collect();
    Ok(reply::json(&all.into()))
}

fn tell(world: &World, action: &str, id: &str, name: &str) {
    let mut attributes = Map::new();
    attributes.insert("name".to_owned(), name.into());
    world.engine.events.tell("image", action, id, attributes);
}

/// Put an image into the engine. A name that another one had is its own now.
fn insert(state: &mut State, image: Image) {
    for other in state.images.values_mut().filter(|one| one.id != image.id) {
        other.tags.retain(|tag| !image.tags.contains(tag));
    }
    match state.images.get_mut(&image.id) {
        Some(there) => {
            let new = |list: &[String], more: Vec<String>| {
                more.into_iter().filter(|one| !list.contains(one)).collect::<Vec<String>>()
            };
            let (tags, digests) = (new(&there.tags, image.tags), new(&there.digests, image.digests));
            there.tags.extend(tags);
            there.digests.extend(digests);
        }
        None => _ = state.images.insert(image.id.clone(), image),
    }
}

/// `POST /images/create`.
pub(crate) async fn pull_or_import(world: &Arc<World>, mut call: Call) -> Answer {
    if let Some(platform) =
        call.query("platform").filter(|platform| !matches!(*platform, "linux/amd64" | "linux" | "linux/x86_64"))
    {
        let platform = platform.to_owned();
        let name = call.query("fromImage").unwrap_or_default();
        return Err(Failure::missing(format!(
            "image with reference {name} was found but does not match the specified platform: wanted {platform}, actual: linux/amd64"
        )));
    }
    let known = ["fromImage", "tag", "platform", "fromSrc", "repo", "message", "changes"];
    if let Some(key) = call.parameters().find(|key| !known.contains(key)) {
        return Err(Failure::unknown(world.recorder.unknown(format!("POST /images/create: {key}"))));
    }
    match (call.query("fromImage"), call.query("fromSrc")) {
        (Some(name), _) => pull(world, name, call.query("tag").unwrap_or_default()),
        (None, Some("-")) => import(world, &mut call).await,
        (None, Some(_)) => Err(Failure::unknown(world.recorder.unknown("POST /images/create: fromSrc of an address"))),
        (None, None) => Err(Failure::bad("invalid reference format")),
    }
}

fn pull(world: &Arc<World>, name: &str, tag: &str) -> Answer {
    let whole = match tag {
        "" => name.to_owned(),
        digest if digest.starts_with("sha256:") => format!("{name}@{digest}"),
        tag => format!("{name}:{tag}"),
    };
    let reference = world.registry.find(&whole).map_err(|refusal| refused(&whole, refusal))?;
    let image = Image::of_registry(&reference);
    let mut state = world.engine.state();
    let there = find(&state, &whole).is_ok_and(|found| found.id == image.id);
    let lines = pulled(&reference, &image, there);
    let id = image.id.clone();
    insert(&mut state, image);
    drop(state);
    tell(world, "pull", &id, &whole);
    Ok(reply::bytes("application/json", lines))
}

/// The words with which the engine refuses to pull.
fn refused(whole: &str, refusal: Refusal) -> Failure {
    let reference = Reference::parse(whole);
    let familiar = reference.as_ref().map(Reference::familiar).unwrap_or_default();
    match refusal {
        Refusal::Malformed => Failure::bad("invalid reference format"),
        Refusal::NoRepository => Failure::missing(format!(
            "pull access denied for {familiar}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
        )),
        Refusal::NoTag => {
            Failure::missing(format!("manifest for {whole} not found: manifest unknown: manifest unknown"))
        }
        Refusal::Unreachable => {
            let registry = reference.map(|one| one.registry).unwrap_or_default();
            match registry.as_str() {
                "docker.io" => Failure::internal(
                    "Get \"https://registry-1.docker.io/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
                ),
                other => Failure::internal(format!(
                    "Get \"http://{other}/v2/\": dial tcp {other}: connect: connection refused"
                )),
            }
        }
    }
}

/// What the engine tells while it pulls.
fn pulled(reference: &Reference, image: &Image, there: bool) -> String {
    let version = reference.tag.clone().or_else(|| reference.digest.clone()).unwrap_or_default();
    let name = reference.familiar();
    let full = if reference.registry == "docker.io" {
        reference.repository.clone()
    } else {
        format!("{}/{}", reference.registry, reference.repository)
    };
    let path = full.strip_prefix(&format!("{}/", reference.registry)).unwrap_or(&full);
    let mut lines = vec![json!({ "status": format!("Pulling from {path}"), "id": version })];
    if !there {
        for layer in &image.layers {
            let id = &image::digest(layer)[7..19];
            let size = layer.len();
            lines.push(json!({ "status": "Pulling fs layer", "progressDetail": {}, "id": id }));
            let detail = json!({ "current": size, "total": size });
            lines.push(json!({ "status": "Downloading", "progressDetail": detail, "progress": "[==================================================>]", "id": id }));
            lines.push(json!({ "status": "Download complete", "progressDetail": {}, "id": id }));
            lines.push(json!({ "status": "Extracting", "progressDetail": detail, "progress": "[==================================================>]", "id": id }));
            lines.push(json!({ "status": "Pull complete", "progressDetail": {}, "id": id }));
        }
    }
    let digest =
        image.digests.first().and_then(|one| one.split_once('@')).map(|(_, digest)| digest).unwrap_or_default();
    lines.push(json!({ "status": format!("Digest: {digest}") }));
    let separator = if reference.tag.is_some() { ':' } else { '@' };
    let state = if there { "Image is up to date for" } else { "Downloaded newer image for" };
    lines.push(json!({ "status": format!("Status: {state} {name}{separator}{version}") }));
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

async fn import(world: &Arc<World>, call: &mut Call) -> Answer {
    let (repo, tag) =
        (call.query("repo").unwrap_or_default().to_owned(), call.query("tag").unwrap_or_default().to_owned());
    let message = call.query("message").unwrap_or("Imported from -").to_owned();
    if call.queries("changes").any(|change| !change.is_empty()) {
        return Err(Failure::unknown(world.recorder.unknown("POST /images/create: changes")));
    }
    let named = match (repo.as_str(), tag.as_str()) {
        ("", _) => None,
        (repo, "") => Some(repo.to_owned()),
        (repo, tag) => Some(format!("{repo}:{tag}")),
    };
    let reference = match &named {
        Some(name) => Some(Reference::parse(name).ok_or_else(|| Failure::bad("invalid reference format"))?),
        None => None,
    };
    let archive = call.archive().await?;
    let broken =
        |error: std::io::Error| Failure::internal(format!("Error processing tar file(exit status 1): {error}"));
    let mut image = Image::of_files(&archive, &json!({}), &message).map_err(broken)?;
    image.tags = reference.iter().filter_map(|one| Some(format!("{}:{}", one.familiar(), one.tag.as_ref()?))).collect();
    let id = image.id.clone();
    insert(&mut world.engine.state(), image);
    tell(world, "import", &id, named.as_deref().unwrap_or(&id));
    Ok(reply::bytes("application/json", format!("{}\r\n", json!({ "status": id }))))
}

/// `POST /images/load`.
pub(crate) async fn load(world: &Arc<World>, mut call: Call) -> Answer {
    if let Some(key) = call.parameters().find(|key| *key != "quiet") {
        return Err(Failure::unknown(world.recorder.unknown(format!("POST /images/load: {key}"))));
    }
    let archive = call.archive().await?;
    let loaded = image::load(&archive).map_err(|reason| Failure::internal(reason.clone()))?;
    let mut lines = String::new();
    let mut state = world.engine.state();
    for image in loaded {
        let names = if image.tags.is_empty() { vec![format!("Loaded image ID: {}", image.id)] } else { Vec::new() };
        let named = image.tags.iter().map(|tag| format!("Loaded image: {tag}"));
        for line in names.into_iter().chain(named) {
            lines.push_str(&format!("{}\r\n", json!({ "stream": format!("{line}\n") })));
        }
        insert(&mut state, image);
    }
    Ok(reply::bytes("application/json", lines))
}

/// `GET /images/get` and `GET /images/{name}/get`.
pub(crate) fn save(world: &Arc<World>, _call: &Call, names: Vec<String>) -> Answer {
    let state = world.engine.state();
    let mut chosen: Vec<(Image, Vec<String>)> = Vec::new();
    for name in &names {
        let found = find(&state, name)?;
        // A name is kept; an identifier stands for the image without names.
        let told = Reference::parse(name).and_then(|one| Some(format!("{}:{}", one.familiar(), one.tag?)));
        let told = told.filter(|told| found.tags.contains(told));
        match chosen.iter_mut().find(|(image, _)| image.id == found.id) {
            Some((_, list)) => list.extend(told),
            None => chosen.push((found.clone(), told.into_iter().collect())),
        }
    }
    drop(state);
    let archive = image::save(&chosen).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(reply::bytes("application/x-tar", Bytes::from(archive)))
}

/// `POST /images/{name}/tag`.
pub(crate) fn tag(world: &Arc<World>, call: &Call, name: &str) -> Answer {
    let (repo, tag) = (call.query("repo").unwrap_or_default(), call.query("tag").unwrap_or("latest"));
    let mut state = world.engine.state();
    let id = find(&state, name)?.id.clone();
    let reference = Reference::parse(&format!("{repo}:{tag}")).ok_or_else(|| malformed(repo))?;
    let new = format!("{}:{tag}", reference.familiar());
    let mut image = find(&state, &id)?.clone();
    image.tags = vec![new.clone()];
    insert(&mut state, image);
    drop(state);
    tell(world, "tag", &id, &new);
    Ok(reply::status(StatusCode::CREATED))
}

/// The engine's words for a name that is none.
fn malformed(name: &str) -> Failure {
    let upper = name.chars().any(|one| one.is_ascii_uppercase());
    Failure::internal(format!(
        "invalid reference format{}",
        if upper { ": repository name must be lowercase" } else { "" }
    ))
}

/// `DELETE /images/{name}`.
pub(crate) fn remove(world: &Arc<World>, call: &Call, name: &str) -> Answer {
    let force = call.switch("force");
    let mut state = world.engine.state();
    let found = find(&state, name)?.clone();
    let reference = Reference::parse(name).map(|one| match (&one.tag, &one.digest) {
        (_, Some(digest)) => format!("{}@{digest}", one.familiar()),
        (tag, None) => format!("{}:{}", one.familiar(), tag.clone().unwrap_or_default()),
    });
    let named = reference.filter(|name| found.tags.contains(name) || found.digests.contains(name));
    let user = state.containers.iter().find(|one| one.image == found.id);
    let short = &found.id[7..19];
    let mut lines = Vec::new();
    match named {
        Some(name) if found.tags.len() > 1 => {
            keep(&mut state, &found.id, &name);
            lines.push(json!({ "Untagged": name }));
        }
        Some(name) => {
            if let Some(user) = user.filter(|_| !force) {
                let text = format!(
                    "conflict: unable to remove repository reference \"{}\" (must force) - container {} is using its referenced image {short}",
                    call.path[1..].join("/"),
                    &user.id[..12]
                );
                return Err(Failure::conflict(text));
            }
            let in_use = user.is_some();
            lines.extend(found.tags.iter().chain(&found.digests).map(|name| json!({ "Untagged": name })));
            match in_use {
                true => keep(&mut state, &found.id, &name),
                false => lines.extend(gone(&mut state, &found)),
            }
        }
        None => {
            if let Some(user) = user.filter(|user| user.is_running() || !force) {
                let (how, by) = if user.is_running() {
                    ("cannot be forced", "running container")
                } else {
                    ("must be forced", "stopped container")
                };
                let text = format!(
                    "conflict: unable to delete {short} ({how}) - image is being used by {by} {}",
                    &user.id[..12]
                );

                return Err(Failure::conflict(text));
            }
            if found.tags.len() > 1 && !force {
                let text = format!(
                    "conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
                );
                return Err(Failure::conflict(text));
            }
            lines.extend(found.tags.iter().chain(&found.digests).map(|name| json!({ "Untagged": name })));
            lines.extend(gone(&mut state, &found));
        }
    }
    drop(state);
    tell(
        world,
        if lines.iter().any(|line| line.get("Deleted").is_some()) { "delete" } else { "untag" },
        &found.id,
        &found.id,
    );
    Ok(reply::json(&lines.into()))
}

/// Take a name away, and keep the image.
fn keep(state: &mut State, id: &str, name: &str) {
    if let Some(image) = state.images.get_mut(id) {
        image.tags.retain(|tag| tag != name);
        image.digests.retain(|digest| digest != name);
    }
}

fn gone(state: &mut State, image: &Image) -> Vec<Value> {
    state.images.remove(&image.id);
    let layers = image.layers.iter().map(|layer| json!({ "Deleted": image::digest(layer) }));
    std::iter::once(json!({ "Deleted": image.id })).chain(layers).collect()
}

/// `POST /images/prune`.
pub(crate) fn prune(world: &Arc<World>, call: &Call) -> Answer {
    let filters = call.filters()?;
    if let Some((key, _)) = filters.iter().find(|(key, _)| !matches!(key.as_str(), "dangling" | "label")) {
        return Err(Failure::bad(format!("Invalid filter '{key}'")));
    }
    let all = filters
        .iter()
        .any(|(key, values)| key == "dangling" && values.iter().any(|value| matches!(value.as_str(), "false" | "0")));
    let mut state = world.engine.state();
    let labels: Vec<&(String, Vec<String>)> = filters.iter().filter(|(key, _)| key == "label").collect();
    let mut unused = Vec::new();
    for one in state.images.values() {
        let used = state.containers.iter().any(|container| container.image == one.id);
        let mut fits = !used && (all || one.tags.is_empty());
        for (key, values) in &labels {
            fits &= has(world, one, key, values)?;
        }
        if fits {
            unused.push(one.clone());
        }
    }
    let mut lines = Vec::new();
    for one in &unused {
        lines.extend(one.tags.iter().map(|name| json!({ "Untagged": name })));
        lines.extend(gone(&mut state, one));
    }
    let size: u64 = unused.iter().map(|one| one.size).sum();
    let lines = if lines.is_empty() { Value::Null } else { lines.into() };
    Ok(reply::json(&json!({ "ImagesDeleted": lines, "SpaceReclaimed": size })))
}

//! Which request is answered where. What is not known is recorded, and answered with 501.

use std::sync::Arc;

use http::Method;

use super::{
    archive, attach,
    call::Call,
    create, events, exec, images, lifecycle, list, load, logs, networks,
    reply::{self, Answer, Failure},
    system, volumes,
};
use crate::World;

/// Answer a request.
pub(crate) async fn answer(world: &Arc<World>, call: Call) -> Answer {
    let path: Vec<String> = call.path.clone();
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET" | "HEAD", ["_ping"]) => Ok(system::ping()),
        ("GET", ["version"]) => Ok(system::version()),
        ("GET", ["info"]) => Ok(system::info(world)),
        ("GET", ["plugins"]) => Ok(reply::json(&serde_json::json!([]))),
        ("GET", ["plugins", name, "json"]) => Err(system::no_plugin(name)),
        ("POST", ["auth"]) => system::login(call).await,
        ("GET", ["events"]) => events::follow(world, &call),
        (_, ["containers", rest @ ..]) => of_containers(world, call, rest).await,
        ("POST", ["commit" | "build" | "session"]) => Err(unknown(world, &call)),
        ("POST", ["exec", id, "start"]) => exec::start(world, call, id).await,
        ("POST", ["exec", id, "resize"]) => exec::resize(world, id),
        ("GET", ["exec", id, "json"]) => exec::inspect(world, id),
        (_, ["images", rest @ ..]) => of_images(world, call, rest).await,
        (_, ["networks", rest @ ..]) => of_networks(world, call, rest).await,
        ("GET", ["volumes"]) => volumes::list(world, &call),
        ("POST", ["volumes", "create"]) => volumes::create(world, call).await,
        ("POST", ["volumes", "prune"]) => volumes::prune(world, &call),
        ("GET", ["volumes", name]) => volumes::inspect(world, name),
        ("DELETE", ["volumes", name]) => volumes::remove(world, &call, name),
        _ => Err(unknown(world, &call)),
    }
}

async fn of_containers(world: &Arc<World>, call: Call, rest: &[&str]) -> Answer {
    if let [id, act] = rest {
        match *act {
            "start" | "restart" | "unpause" => load::known(world, id, "a start")?,
            "exec" | "attach" | "top" => load::known(world, id, "a command")?,
            "archive" => load::known(world, id, "the files")?,
            "logs" => load::known(world, id, "the log")?,
            _ => {}
        }
    }
    match (call.method.as_str(), rest) {
        ("GET", ["json"]) => list::list(world, &call),
        ("POST", ["create"]) => create::create(world, call).await,
        ("POST", ["prune"]) => lifecycle::prune(world, &call),
        ("GET", [id, "json"]) => list::inspect(world, &call, id),
        ("GET", [id, "logs"]) => logs::logs(world, &call, id),
        ("GET", [id, "top"]) => Err(system::no_processes(world, id)),
        ("POST", [id, "start"]) => lifecycle::start(world, &call, id).await,
        ("POST", [id, "stop"]) => lifecycle::stop(world, &call, id).await,
        ("POST", [id, "kill"]) => lifecycle::kill(world, &call, id).await,
        ("POST", [id, "restart"]) => lifecycle::restart(world, &call, id).await,
        ("POST", [id, "pause"]) => lifecycle::pause(world, id),
        ("POST", [id, "unpause"]) => lifecycle::unpause(world, id),
        ("POST", [id, "rename"]) => lifecycle::rename(world, &call, id),
        ("POST", [id, "wait"]) => lifecycle::wait(world, &call, id),
        ("POST", [id, "resize"]) => lifecycle::resize(world, id),
        ("POST", [id, "attach"]) => attach::attach(world, call, id),
        ("POST", [id, "exec"]) => exec::create(world, call, id).await,
        ("HEAD", [id, "archive"]) => archive::stat(world, &call, id),
        ("GET", [id, "archive"]) => archive::download(world, &call, id),
        ("PUT", [id, "archive"]) => archive::upload(world, call, id).await,
        ("DELETE", [id]) => lifecycle::remove(world, &call, id).await,
        _ => Err(unknown(world, &call)),
    }
}

/// Names of images have slashes in them, so what is to be done comes last.
async fn of_images(world: &Arc<World>, call: Call, rest: &[&str]) -> Answer {
    let joined = |parts: &[&str]| parts.join("/");
    match (call.method.as_str(), rest) {
        ("GET", ["json"]) => images::list(world, &call),
        ("POST", ["create"]) => images::pull_or_import(world, call).await,
        ("POST", ["load"]) => images::load(world, call).await,
        ("POST", ["prune"]) => images::prune(world, &call),
        ("GET", ["get"]) => images::save(world, &call, call.queries("names").map(str::to_owned).collect()),
        ("GET", [name @ .., "json"]) if !name.is_empty() => images::inspect(world, &joined(name)),
        ("GET", [name @ .., "get"]) if !name.is_empty() => images::save(world, &call, vec![joined(name)]),
        ("GET", [name @ .., "history"]) if !name.is_empty() => images::history(world, &joined(name)),
        ("POST", [name @ .., "tag"]) if !name.is_empty() => images::tag(world, &call, &joined(name)),
        ("DELETE", name) if !name.is_empty() => images::remove(world, &call, &joined(name)),
        _ => Err(unknown(world, &call)),
    }
}

async fn of_networks(world: &Arc<World>, call: Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => networks::list(world, &call),
        ("POST", ["create"]) => networks::create(world, call).await,
        ("POST", ["prune"]) => networks::prune(world, &call),
        ("GET", [id]) => networks::inspect(world, &call, id),
        ("DELETE", [id]) => networks::remove(world, id),
        ("POST", [id, "connect"]) => networks::connect(world, call, id).await,
        ("POST", [id, "disconnect"]) => networks::disconnect(world, call, id).await,
        _ => Err(unknown(world, &call)),
    }
}

fn unknown(world: &World, call: &Call) -> Failure {
    let method: &Method = &call.method;
    // What a client made up can be long; the beginning names it well enough.
    let path: String = call.path.join("/").chars().take(120).collect();
    Failure::unknown(world.recorder.unknown(format!("{method} /{path}")))
}

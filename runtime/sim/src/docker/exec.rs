//! Commands that are executed in containers: created, started over a connection of their own, inspected.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    attach::{self, Conversation},
    call::Call,
    fields, lifecycle,
    reply::{self, Answer, Failure},
    state::{Exec, Status},
};
use crate::{World, node};

const KNOWN: [&str; 13] = [
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "ConsoleSize",
    "Container",
    "Detach",
    "DetachKeys",
    "Env",
    "Privileged",
    "Tty",
    "User",
    "WorkingDir",
];

/// `POST /containers/{id}/exec`.
pub(crate) async fn create(world: &Arc<World>, mut call: Call, id: &str) -> Answer {
    let body = call.json().await?.unwrap_or_default();
    fields::check(world, "POST /containers/{id}/exec", &body, &KNOWN)?;
    let argv = fields::texts(&body, "Cmd")?;
    fields::texts(&body, "Env")?;
    for key in ["AttachStdin", "AttachStdout", "AttachStderr", "Tty", "Privileged"] {
        fields::switch(&body, key)?;
    }
    if argv.is_empty() {
        return Err(Failure::bad("No exec command specified"));
    }
    let mut state = world.engine.state();
    let one = state.container(id)?;
    match one.status {
        Status::Running => {}
        Status::Paused => {
            return Err(Failure::conflict(format!("Container {id} is paused, unpause the container before exec")));
        }
        _ => return Err(Failure::conflict(format!("Container {} is not running", one.id))),
    }
    let container = one.id.clone();
    world.engine.events.container(one, &format!("exec_create: {}", argv.join(" ")));
    let id = world.hex(&format!("exec in {container}"), 64);
    let exec =
        Exec { id: id.clone(), container, argv, asked: body, started: false, running: false, code: None, pid: 0 };
    state.execs.insert(id.clone(), exec);
    Ok(reply::json_with(StatusCode::CREATED, &json!({ "Id": id })))
}

fn missing(id: &str) -> Failure {
    Failure::missing(format!("No such exec instance: {id}"))
}

/// `GET /exec/{id}/json`.
pub(crate) fn inspect(world: &Arc<World>, id: &str) -> Answer {
    let state = world.engine.state();
    let one = state.execs.get(id).ok_or_else(|| missing(id))?;
    let asked = |key: &str| one.asked.get(key) == Some(&Value::Bool(true));
    Ok(reply::json(&json!({
        "ID": one.id, "Running": one.running, "ExitCode": one.code,
        "ProcessConfig": {
            "tty": asked("Tty"), "entrypoint": one.argv.first(), "arguments": one.argv.get(1..).unwrap_or_default(), "privileged": asked("Privileged"),
        },
        "OpenStdin": asked("AttachStdin"), "OpenStderr": asked("AttachStderr"), "OpenStdout": asked("AttachStdout"),
        "CanRemove": false, "ContainerID": one.container, "DetachKeys": "", "Pid": one.pid,
    })))
}

/// `POST /exec/{id}/resize`.
pub(crate) fn resize(world: &Arc<World>, id: &str) -> Answer {
    let state = world.engine.state();
    state.execs.get(id).ok_or_else(|| missing(id))?;
    Ok(reply::status(StatusCode::OK))
}

/// `POST /exec/{id}/start`.
pub(crate) async fn start(world: &Arc<World>, mut call: Call, id: &str) -> Answer {
    if !world.engine.state().execs.contains_key(id) {
        return Err(missing(id));
    }
    let body = call.json().await?.unwrap_or_default();
    fields::check(world, "POST /exec/{id}/start", &body, &["Detach", "Tty", "ConsoleSize"])?;
    let detach = fields::switch(&body, "Detach")?;
    let (process, tty, reads) = begin(world, id)?;
    let id = id.to_owned();
    let (conversation, process_end) = Conversation::new(tty, reads && !detach);
    let (world_of_task, argv) = (Arc::clone(world), process.argv.clone());
    let stop = process.stop.clone();
    tokio::spawn(async move {
        let code = tokio::select! {
            code = node::execute(&world_of_task, process, process_end) => code,
            () = stop.cancelled() => 137,
        };
        let mut state = world_of_task.engine.state();
        if let Some(one) = state.execs.get_mut(&id) {
            one.running = false;
            one.code = Some(code);
            let container = one.container.clone();
            if let Ok(container) = state.container(&container) {
                world_of_task.engine.events.container(container, "exec_die"); // it may have been removed meanwhile
            }
        }
        drop(argv);
    });
    if detach {
        drop(conversation);
        return Ok(reply::status(StatusCode::OK));
    }
    Ok(attach::over(call, conversation))
}

fn begin(world: &Arc<World>, id: &str) -> Result<(node::Process, bool, bool), Failure> {
    let mut state = world.engine.state();
    let pid = state.pid();
    let exec = state.execs.get_mut(id).ok_or_else(|| missing(id))?;
    if exec.started {
        return Err(Failure::conflict(format!("Error: Exec command {id} has already run")));
    }
    exec.started = true;
    exec.running = true;
    exec.pid = pid;
    let asked = |key: &str| exec.asked.get(key) == Some(&Value::Bool(true));
    let (tty, reads) = (asked("Tty"), asked("AttachStdin"));
    let (argv, container, asked) = (exec.argv.clone(), exec.container.clone(), exec.asked.clone());
    let one = state.container(&container)?;
    if !one.is_running() {
        return Err(Failure::conflict(format!("Container {container} is not running")));
    }
    let mut env = lifecycle::variables(one);
    for pair in fields::texts(&asked, "Env")? {
        let (key, value) = pair.split_once('=').unwrap_or((&pair, ""));
        env.insert(key.to_owned(), value.into());
    }
    let folder = asked.get("WorkingDir").and_then(Value::as_str).filter(|folder| !folder.is_empty());
    let folder = folder.map_or_else(|| lifecycle::folder(one), str::to_owned);
    world.engine.events.container(one, &format!("exec_start: {}", argv.join(" ")));
    let env = env.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect();
    Ok((node::Process { container, argv, env, folder, stop: one.stop.clone() }, tty, reads))
}

/// The words of the runtime for a command that cannot be found.
pub(crate) fn not_found(argv: &[String]) -> Bytes {
    let program = argv.first().map(String::as_str).unwrap_or_default();
    let reason = match program.contains('/') {
        true => format!("stat {program}: no such file or directory"),
        false => "executable file not found in $PATH".to_owned(),
    };
    format!("OCI runtime exec failed: exec failed: unable to start container process: exec: \"{program}\": {reason}: unknown\r\n").into()
}

//! What the engine tells of itself.

use std::sync::Arc;

use http::{HeaderValue, Response};
use serde_json::json;

use super::{
    call::{Call, NEWEST, OLDEST},
    container,
    reply::{self, Answer, Body, Failure},
    state::Status,
};
use crate::World;

/// The version that the engine says to have: that of the engine whose behaviour it has, marked.
const VERSION: &str = "20.10.24+simulated";

/// `GET /_ping`.
pub(crate) fn ping() -> Response<Body> {
    let mut response = reply::bytes("text/plain; charset=utf-8", "OK");
    let headers = response.headers_mut();
    headers.insert("Builder-Version", HeaderValue::from_static("1"));
    headers.insert("Swarm", HeaderValue::from_static("inactive"));
    headers.insert("Cache-Control", HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    headers.insert("Pragma", HeaderValue::from_static("no-cache"));
    response
}

fn number(version: (u32, u32)) -> String {
    format!("{}.{}", version.0, version.1)
}

/// `GET /version`.
pub(crate) fn version() -> Response<Body> {
    let details = json!({
        "ApiVersion": number(NEWEST), "Arch": "amd64", "BuildTime": "", "Experimental": "false", "GitCommit": "simulated", "GoVersion": "",
        "KernelVersion": "simulated", "MinAPIVersion": number(OLDEST), "Os": "linux",
    });
    reply::json(&json!({
        "Platform": { "Name": "meshrun simulator" }, "Version": VERSION, "ApiVersion": number(NEWEST), "MinAPIVersion": number(OLDEST),
        "GitCommit": "simulated", "GoVersion": "", "Os": "linux", "Arch": "amd64", "KernelVersion": "simulated", "BuildTime": "",
        "Components": [
            { "Name": "Engine", "Version": VERSION, "Details": details },
            { "Name": "containerd", "Version": "simulated", "Details": { "GitCommit": "simulated" } },
            { "Name": "runc", "Version": "simulated", "Details": { "GitCommit": "simulated" } },
        ],
    }))
}

/// `GET /info`.
pub(crate) fn info(world: &Arc<World>) -> Response<Body> {
    let state = world.engine.state();
    let count = |fits: &dyn Fn(Status) -> bool| state.containers.iter().filter(|one| fits(one.status)).count();
    reply::json(&json!({
        "ID": "SIMU:LATE:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD", "Containers": state.containers.len(),
        "ContainersRunning": count(&|one| one == Status::Running), "ContainersPaused": count(&|one| one == Status::Paused),
        "ContainersStopped": count(&|one| matches!(one, Status::Created | Status::Exited)), "Images": state.images.len(),
        "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"], ["Native Overlay Diff", "true"]],
        "Plugins": { "Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": null, "Log": ["json-file"] },
        "MemoryLimit": true, "SwapLimit": true, "CpuCfsPeriod": true, "CpuCfsQuota": true, "CPUShares": true, "CPUSet": true,
        "PidsLimit": true, "IPv4Forwarding": true, "BridgeNfIptables": true, "BridgeNfIp6tables": true, "Debug": false, "NFd": 0,
        "OomKillDisable": false, "NGoroutines": 0, "SystemTime": container::time(Some(jiff::Timestamp::now())), "LoggingDriver": "json-file",
        "CgroupDriver": "systemd", "CgroupVersion": "2", "NEventsListener": 0, "KernelVersion": "simulated",
        "OperatingSystem": "meshrun simulator", "OSVersion": "", "OSType": "linux", "Architecture": "x86_64",
        "IndexServerAddress": "https://index.docker.io/v1/", "RegistryConfig": {
            "AllowNondistributableArtifactsCIDRs": [], "AllowNondistributableArtifactsHostnames": [], "InsecureRegistryCIDRs": ["127.0.0.0/8"],
            "IndexConfigs": { "docker.io": { "Name": "docker.io", "Mirrors": [], "Secure": true, "Official": true } }, "Mirrors": [],
        },
        "NCPU": 4, "MemTotal": 8_589_934_592_u64, "GenericResources": null, "DockerRootDir": "/var/lib/docker", "HttpProxy": "",
        "HttpsProxy": "", "NoProxy": "", "Name": "simulated", "Labels": ["simulated=true"], "ExperimentalBuild": false, "ServerVersion": VERSION,
        "Runtimes": { "runc": { "path": "runc" } }, "DefaultRuntime": "runc",
        "Swarm": {
            "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": false, "Error": "", "RemoteManagers": null,
        },
        "LiveRestoreEnabled": false, "Isolation": "", "InitBinary": "docker-init",
        "ContainerdCommit": { "ID": "simulated", "Expected": "simulated" }, "RuncCommit": { "ID": "simulated", "Expected": "simulated" },
        "InitCommit": { "ID": "simulated", "Expected": "simulated" },
        "SecurityOptions": ["name=seccomp,profile=default", "name=cgroupns"],
        "Warnings": ["this engine is simulated: nothing runs in its containers"],
    }))
}

/// `GET /plugins/{name}/json`: there are none. A client asks for one when nothing else has the name that it was given.
pub(crate) fn no_plugin(name: &str) -> Failure {
    Failure::missing(format!("plugin \"{name}\" not found"))
}

/// `POST /auth`: there are no accounts, so whoever comes is let in.
pub(crate) async fn login(mut call: Call) -> Answer {
    let body = call.json().await?.unwrap_or_default();
    match body.get("username").and_then(serde_json::Value::as_str).filter(|name| !name.is_empty()) {
        Some(_) => Ok(reply::json(&json!({ "Status": "Login Succeeded", "IdentityToken": "" }))),
        None => Err(Failure::bad("no username is given")),
    }
}

/// `GET /containers/{id}/top`: there are no processes.
pub(crate) fn no_processes(world: &Arc<World>, id: &str) -> Failure {
    match world.engine.state().container(id) {
        Ok(_) => Failure::unknown(world.recorder.unknown("GET /containers/{id}/top")),
        Err(failure) => failure,
    }
}

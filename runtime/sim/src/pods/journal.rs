//! What programs write into their logs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::running::Line;
use crate::{
    controllers::{
        injection, istiod,
        object::{list, name, text},
    },
    kube::Cluster,
    mesh::{self, Sync},
};

/// The log of a container so far.
pub fn lines(cluster: &Arc<Cluster>, pod: &Value, container: &str) -> Vec<Line> {
    let specification = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    let found = specification.into_iter().find(|one| text(one, "/name") == container).cloned().unwrap_or_default();
    let started: jiff::Timestamp = text(pod, "/status/startTime").parse().unwrap_or_else(|_| jiff::Timestamp::now());
    let written = write(cluster, pod, &found);
    written.into_iter().map(|text| Line { time: started, text }).collect()
}

fn write(cluster: &Arc<Cluster>, pod: &Value, container: &Value) -> Vec<String> {
    let image = text(container, "/image");
    let status = list(pod, "/status/containerStatuses").iter().find(|one| one["name"] == container["name"]);
    if status.is_some_and(|one| one.get("restartCount").and_then(Value::as_u64).unwrap_or(0) > 0) {
        return vec!["simulated: this container was asked to crash".to_owned()];
    }
    let command: Vec<&str> =
        list(container, "/command").iter().chain(list(container, "/args")).filter_map(Value::as_str).collect();
    match super::applications::program_of(image) {
        program if program.starts_with("examples-helloworld-") => vec![" * Running on http://0.0.0.0:5000".to_owned()],
        "pilot" if istiod::is_istiod(pod) => control_plane(cluster, pod),
        "proxyv2" if text(container, "/name") == injection::PROXY => proxy(pod),
        "controller" if image.contains("metallb") => metallb(pod, "controller"),
        "speaker" if image.contains("metallb") => metallb(pod, "speaker"),
        "coredns" => vec![".:53".to_owned(), "CoreDNS-1.10.1".to_owned()],
        _ => spoken(&command),
    }
}

/// What a command that only speaks has said.
fn spoken(command: &[&str]) -> Vec<String> {
    let words = match command {
        [shell, flag, script, ..] if shell.ends_with("sh") && flag.ends_with('c') => {
            script.split(';').next().unwrap_or_default()
        }
        [program, ..] if program.ends_with("echo") => return vec![command[1..].join(" ")],
        _ => return Vec::new(),
    };
    let said = words.trim().strip_prefix("echo ").map(|one| one.trim_matches(['"', '\'']).to_owned());
    said.into_iter().collect()
}

fn metallb(pod: &Value, component: &str) -> Vec<String> {
    let line = json!({
        "caller": "main.go", "level": "info", "msg": format!("MetalLB {component} starting (simulated)"), "ts": text(pod, "/status/startTime"),
    });
    vec![line.to_string()]
}

fn stamp(pod: &Value) -> String {
    text(pod, "/status/startTime").replace('Z', ".000000Z")
}

fn proxy(pod: &Value) -> Vec<String> {
    let at = stamp(pod);
    let ready = crate::controllers::object::condition(pod, "Ready") == "True";
    let mut all =
        vec![format!("{at}\tinfo\tFLAG: --concurrency=\"0\""), format!("{at}\tinfo\tEnvoy command: simulated")];
    all.push(if ready {
        format!("{at}\tinfo\tReadiness succeeded in 1s")
    } else {
        format!("{at}\twarn\tEnvoy proxy is NOT ready: config not received from XDS server (is Istiod running?): cds updates: 0 successful, 0 rejected; lds updates: 0 successful, 0 rejected")
    });
    all
}

fn control_plane(cluster: &Arc<Cluster>, pod: &Value) -> Vec<String> {
    let at = stamp(pod);
    let mut all = vec![format!("{at}\tinfo\tinitializing Istiod admin server (simulated, {})", name(pod))];
    let Some(world) = cluster.world() else { return all };
    for remote in mesh::remotes(&world, cluster) {
        let (id, secret) = (&remote.id, &remote.secret);
        all.push(format!("{at}\tinfo\tAdding cluster\tcluster={id} secret={secret}"));
        all.extend(match remote.sync {
            Sync::Synced(_) => vec![format!("{at}\tinfo\tcluster {id}: synced")],
            Sync::Failed(why) => vec![
                format!("{at}\terror\tFailed to watch resources of cluster {id}: {why}"),
                format!("{at}\terror\tremote cluster {id} timed out, will continue without it"),
            ],
            Sync::Ignored(why) => {
                vec![format!("{at}\terror\tFailed to add remote cluster from secret {secret}: {why}")]
            }
        });
    }
    all
}

//! Waiting until all nodes are ready, with evidence when they are not.

use std::time::Duration;

use meshrun_docker::{Docker, exec as docker_exec};
use meshrun_terms::{Steps, Timeout};
use serde_json::Value;

use super::{
    deadline::Deadline,
    exec::{self, last_lines},
    join,
};
use crate::{Config, Error, config::Role, plan::names};

/// The file that says that a cluster was complete once.
pub const COMPLETE: &str = "/kind/meshrun.complete";

/// One line for each node, its name and whether it is ready.
pub const STATES: &str = r#"kubectl get nodes --output=jsonpath='{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'"#;

/// Wait until every node is registered and ready, and note on the first control plane that the cluster is complete. Without the default pod
/// network nodes do not become ready by themselves: then being registered is enough.
///
/// # Errors
/// `kind::not_ready` with conditions, waiting pods and the kubelet's last errors.
pub async fn wait(docker: &Docker, config: &Config, deadline: &Deadline, steps: &Steps) -> Result<(), Error> {
    let bootstrap = names::node_name(&config.name, Role::ControlPlane, 1);
    let nodes = names::nodes(config);
    nodes_ready(docker, config, &bootstrap, &nodes, deadline, steps).await?;
    let act = "note that the cluster is complete";
    exec::must(docker, &bootstrap, act, r#"touch "$1""#, &[COMPLETE], None, deadline.left()).await?;
    Ok(())
}

async fn nodes_ready(
    docker: &Docker,
    config: &Config,
    bootstrap: &str,
    nodes: &[String],
    deadline: &Deadline,
    steps: &Steps,
) -> Result<(), Error> {
    let what = format!("nodes of cluster {}", config.name);
    let enough = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, state) = (words.next().unwrap_or_default(), words.next());
        nodes.iter().any(|node| node == name) && (state == Some("True") || config.networking.disable_default_cni)
    };
    loop {
        let output = exec::shell(docker, bootstrap, STATES, &[], None, deadline.left()).await;
        let ready = match &output {
            Ok(output) if output.code == 0 => output.lines().iter().filter(|line| enough(line)).count(),
            _ => 0,
        };
        if ready == nodes.len() {
            return Ok(());
        }
        if deadline.is_over() {
            let mut evidence = vec![format!("{ready} of {} nodes ready", nodes.len())];
            evidence.extend(self::evidence(docker, bootstrap, nodes).await);
            return Err(Error::NotReady { cluster: config.name.to_string(), timeout: deadline.timeout(), evidence });
        }
        output?;
        steps.waiting(&what, format!("{ready} of {} ready", nodes.len()));
        watch(docker, bootstrap, deadline).await;
    }
}

/// Wait until something may have changed: the API server tells when the next node becomes ready.
async fn watch(docker: &Docker, bootstrap: &str, deadline: &Deadline) {
    let seconds = deadline.at_most(Timeout::seconds(15)).duration().as_secs().max(1);
    let script = r#"kubectl wait nodes --all --for=condition=Ready --timeout="$1s" >/dev/null 2>&1 || sleep 0.2"#;
    let longest = Timeout::seconds(seconds + 5);
    let command = meshrun_docker::Exec::new(["sh", "-c", script, "sh", &seconds.to_string()])
        .env("KUBECONFIG", exec::ADMIN)
        .timeout(longest);
    // Whatever it ends with, the next look tells the state.
    if docker_exec::run(docker, bootstrap, &command, meshrun_docker::Input::None).await.is_err() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Why nodes are not ready: their conditions, the pods that wait, what the kubelets say.
async fn evidence(docker: &Docker, bootstrap: &str, nodes: &[String]) -> Vec<String> {
    let longest = Timeout::seconds(15);
    let mut lines = Vec::new();
    let found = exec::shell(docker, bootstrap, "kubectl get nodes --output=json", &[], None, longest).await;
    let listed = match &found {
        Ok(output) if output.code == 0 => serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        Ok(output) => {
            lines.extend(last_lines(output, 3));
            Value::Null
        }
        Err(error) => {
            lines.push(error.to_string());
            Value::Null
        }
    };
    let registered = listed["items"].as_array().cloned().unwrap_or_default();
    let mut unready: Vec<&String> = nodes.iter().collect();
    for node in &registered {
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        let (ready, told) = conditions(node);
        lines.extend(told);
        unready.retain(|one| *one != name || !ready);
    }
    for name in &unready {
        if !registered.iter().any(|node| node["metadata"]["name"] == name.as_str()) {
            lines.push(format!("node {name} is not registered"));
        }
    }
    let pods = "kubectl get pods --all-namespaces --output=json";
    if let Ok(output) = exec::shell(docker, bootstrap, pods, &[], None, longest).await {
        lines.extend(waiting_pods(&serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)));
    }
    for name in unready.iter().take(2) {
        lines.extend(join::kubelet_words(docker, name).await.into_iter().map(|line| format!("{name}: {line}")));
    }
    lines
}

/// Whether a node is ready, and each of its conditions that is not as it should be.
fn conditions(node: &Value) -> (bool, Vec<String>) {
    let name = node["metadata"]["name"].as_str().unwrap_or_default();
    let all = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wrong = all.iter().filter(|one| (one["type"] == "Ready") != (one["status"] == "True"));
    let told = wrong
        .map(|one| {
            format!(
                "node {name}: {} is {}: {}",
                text(&one["type"]),
                text(&one["status"]),
                exec::shortened(&text(&one["message"]))
            )
        })
        .collect();
    (all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"), told)
}

/// The first pods whose containers wait, and why.
fn waiting_pods(list: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for pod in list["items"].as_array().into_iter().flatten() {
        let field = |path: &str| pod.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{}/{}", field("/metadata/namespace"), field("/metadata/name"));
        for container in pod["status"]["containerStatuses"].as_array().into_iter().flatten() {
            let waiting = &container["state"]["waiting"];
            if let Some(reason) = waiting["reason"].as_str() {
                let message = waiting["message"].as_str().unwrap_or_default();
                lines.push(format!("pod {name}: {reason} {}", exec::shortened(message)).trim_end().to_owned());
            }
        }
    }
    lines.truncate(8);
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_that_are_wrong_are_told() {
        let node = json!({ "metadata": { "name": "a" }, "status": { "conditions": [
            { "type": "MemoryPressure", "status": "False" },
            { "type": "DiskPressure", "status": "True", "message": "full" },
            { "type": "Ready", "status": "False", "message": "no network" },
        ] } });
        let told = ["node a: DiskPressure is True: full", "node a: Ready is False: no network"];
        assert_eq!(conditions(&node), (false, told.map(str::to_owned).to_vec()));
    }

    #[test]
    fn pods_that_wait_are_told_with_their_reason() {
        let list = json!({ "items": [
            { "metadata": { "namespace": "n", "name": "a" }, "status": { "containerStatuses": [{ "state": { "running": {} } }] } },
            { "metadata": { "namespace": "n", "name": "b" }, "status": { "containerStatuses": [
                { "state": { "waiting": { "reason": "ErrImagePull", "message": "not found" } } },
            ] } },
        ] });
        assert_eq!(waiting_pods(&list), ["pod n/b: ErrImagePull not found"]);
    }
}

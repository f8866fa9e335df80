//! The kubeconfig of a cluster, as text.

use meshrun_docker::{Docker, Error as Engine, archive};
use meshrun_terms::Secret;
use serde_json::Value;

use crate::{
    Error,
    apply::exec::ADMIN,
    cluster::{existing_containers, first_control_plane, server},
};

/// The name of a cluster's entries in kubeconfig files: cluster, user and context have the same.
pub fn key(cluster: &str) -> String {
    format!("kind-{cluster}")
}

/// The kubeconfig of a cluster, with the key `kind-<name>` throughout. Its server is where this machine reaches it; with `internal` the
/// name of the control plane or load balancer, which other containers of the network know.
///
/// # Errors
/// `kind::no_cluster`, `kind::no_api_server`; `kind::malformed` when the cluster is not complete yet.
pub async fn kubeconfig(docker: &Docker, cluster: &str, internal: bool) -> Result<Secret, Error> {
    let all = existing_containers(docker, cluster).await?;
    let node = first_control_plane(cluster, &all)?;
    let server = match internal {
        true => None,
        false => Some(server(docker, cluster, &all)?),
    };
    let bytes = archive::read_file(docker, &node.name, ADMIN).await.map_err(|error| match error {
        Engine::NoPath { .. } => Error::NoApiServer {
            cluster: cluster.to_owned(),
            reason: format!("node `{}` has no `{ADMIN}` yet: its creation is not at its end", node.name),
        },
        other => other.into(),
    })?;
    renamed(&String::from_utf8_lossy(&bytes), cluster, server).map(Secret::new).map_err(|reason| Error::Malformed {
        node: node.name.clone(),
        what: ADMIN,
        reason,
    })
}

/// The administrator's kubeconfig with other names, and another server if one is given.
fn renamed(text: &str, cluster: &str, server: Option<String>) -> Result<String, String> {
    // The place in the text is of no use to anybody, and the text itself is secret.
    let mut config = meshrun_yaml::parse(text).map_err(|error| error.message().to_owned())?;
    let name = Value::from(key(cluster));
    for list in ["clusters", "users", "contexts"] {
        let entries = config[list].as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
        let [entry] = entries else {
            return Err(format!("expected one entry in `{list}`, found {}", entries.len()));
        };
        entry["name"] = name.clone();
    }
    config["contexts"][0]["context"]["cluster"] = name.clone();
    config["contexts"][0]["context"]["user"] = name.clone();
    config["current-context"] = name;
    if let Some(server) = server {
        config["clusters"][0]["cluster"]["server"] = server.into();
    }
    Ok(meshrun_yaml::to_string(&config))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1\nkind: Config\ncurrent-context: kubernetes-admin@a\npreferences: {}\n\
        clusters:\n- name: a\n  cluster: {server: 'https://a-control-plane:6443', certificate-authority-data: Y2E=}\n\
        users:\n- name: kubernetes-admin\n  user: {client-key-data: a2V5}\n\
        contexts:\n- name: kubernetes-admin@a\n  context: {cluster: a, user: kubernetes-admin}\n";

    #[test]
    fn names_and_server_are_those_of_kind() {
        let expected = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: Y2E=\n    server: https://127.0.0.1:1\n  name: kind-a\n\
            contexts:\n- context:\n    cluster: kind-a\n    user: kind-a\n  name: kind-a\ncurrent-context: kind-a\nkind: Config\npreferences: {}\n\
            users:\n- name: kind-a\n  user:\n    client-key-data: a2V5\n";
        assert_eq!(renamed(TEXT, "a", Some("https://127.0.0.1:1".into())).unwrap(), expected);
        assert!(renamed(TEXT, "a", None).unwrap().contains("server: https://a-control-plane:6443"));
    }

    #[test]
    fn more_than_one_entry_is_not_the_file_that_kubeadm_writes() {
        let error = renamed(&TEXT.replace("users:\n", "users:\n- name: other\n"), "a", None).unwrap_err();
        assert_eq!(error, "expected one entry in `users`, found 2");
    }
}

//! The kubeconfig in a remote secret.

use meshrun_terms::Secret;
use serde_json::{Value, json};

/// A kubeconfig with one cluster, by a token; `authority` is its certificate authority in base64. Everything in it has the cluster's
/// name, as istioctl writes it.
pub(super) fn kubeconfig(name: &str, server: &str, authority: &str, token: &Secret) -> Secret {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": { "certificate-authority-data": authority, "server": server } }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
        "current-context": name,
        "preferences": {},
        "users": [{ "name": name, "user": { "token": token.expose() } }],
    });
    Secret::new(meshrun_yaml::to_string(&config))
}

/// The server in a kubeconfig.
pub(super) fn server_of(kubeconfig: &str) -> Option<String> {
    let config: Value = meshrun_yaml::parse(kubeconfig).ok()?;
    Some(config["clusters"][0]["cluster"]["server"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubeconfig_is_that_of_istioctl() {
        let text = kubeconfig("cluster1", "https://172.18.0.2:6443", "Q0E=", &Secret::new("abc"));
        let expected = "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://172.18.0.2:6443
  name: cluster1
contexts:
- context:
    cluster: cluster1
    user: cluster1
  name: cluster1
current-context: cluster1
kind: Config
preferences: {}
users:
- name: cluster1
  user:
    token: abc
";
        assert_eq!(text.expose(), expected);
        assert_eq!(server_of(text.expose()).as_deref(), Some("https://172.18.0.2:6443"));
    }
}

//! containerd's configuration on nodes: patches, registry mirrors, the snapshotter.

use serde_json::{Value, json};

use crate::{Error, config::Config};

/// Where nodes keep the configuration.
pub const PATH: &str = "/etc/containerd/config.toml";
/// The folder in which containerd looks up how a registry is reached.
const HOSTS: &str = "/etc/containerd/certs.d";
/// The part of the configuration that says where that folder is, by the version of the configuration.
const REGISTRY_PLUGINS: [(i64, &str); 2] = [(3, "io.containerd.cri.v1.images"), (2, "io.containerd.grpc.v1.cri")];

/// Whether the configuration of the nodes' containerd is to be changed at all.
pub fn is_patched(config: &Config) -> bool {
    !config.containerd_patches.is_empty()
        || !config.containerd_json_patches.is_empty()
        || !config.registry_mirrors.is_empty()
}

/// The node's configuration with the merge patches, the JSON patches, and the folder for mirrors where it lacks one. A patch that is for
/// another version of the configuration than the node's is left out. None when nothing changes.
///
/// # Errors
/// `kind::bad_patch`; `kind::malformed` when the node's own file cannot be read.
pub fn patched(config: &Config, node: &str, text: &str) -> Result<Option<String>, Error> {
    let malformed =
        |error: toml::de::Error| Error::Malformed { node: node.to_owned(), what: PATH, reason: error.to_string() };
    let before: Value = toml::from_str(text).map_err(malformed)?;
    let mut value = before.clone();
    for patch in &config.containerd_patches {
        let patch: Value = toml::from_str(patch).map_err(|error| bad(error.to_string()))?;
        if patch.get("version").is_none_or(|version| *version == value["version"]) {
            json_patch::merge(&mut value, &patch);
        }
    }
    for patch in &config.containerd_json_patches {
        let operations: json_patch::Patch = meshrun_yaml::parse_as(patch).map_err(|error| bad(error.to_string()))?;
        json_patch::patch(&mut value, &operations).map_err(|error| bad(error.to_string()))?;
    }
    if !config.registry_mirrors.is_empty() {
        name_hosts_folder(&mut value);
    }
    if value == before {
        return Ok(None);
    }
    toml::to_string(&value).map(Some).map_err(|error| bad(error.to_string()))
}

fn bad(reason: String) -> Error {
    Error::Patch { which: "a containerd patch".to_owned(), reason }
}

/// Say where the folder for mirrors is, unless it is said already.
fn name_hosts_folder(value: &mut Value) {
    let version = value["version"].as_i64().unwrap_or(2);
    let plugin =
        REGISTRY_PLUGINS.iter().find(|(since, _)| version >= *since).map_or(REGISTRY_PLUGINS[1].1, |one| one.1);
    let path = value.pointer(&format!("/plugins/{plugin}/registry/config_path")).and_then(Value::as_str);
    if path.is_none_or(str::is_empty) {
        json_patch::merge(value, &json!({ "plugins": { plugin: { "registry": { "config_path": HOSTS } } } }));
    }
}

/// For every mirrored registry the path and the text of the file that names its endpoints.
pub fn hosts_files(config: &Config) -> Vec<(String, String)> {
    let file = |(host, endpoints): (&String, &Vec<String>)| {
        let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let mut text = if host == "_default" { String::new() } else { format!("server = \"https://{server}\"\n") };
        for endpoint in endpoints {
            text.push_str(&format!("\n[host.\"{endpoint}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"));
        }
        (format!("{HOSTS}/{host}/hosts.toml"), text)
    };
    config.registry_mirrors.iter().map(file).collect()
}

/// The snapshotter that `containerd config dump` names, in any version of the configuration.
pub fn snapshotter(dump: &str) -> Option<String> {
    let value: Value = toml::from_str(dump).ok()?;
    let plugins = value.get("plugins")?;
    let places = [
        plugins.pointer("/io.containerd.cri.v1.images/snapshotter"),
        plugins.pointer("/io.containerd.grpc.v1.cri/containerd/snapshotter"),
    ];
    places.into_iter().flatten().filter_map(Value::as_str).find(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Options;

    const NODE: &str = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"overlayfs\"\n";

    fn config(patches: &[&str], mirrors: &[(&str, &[&str])]) -> Config {
        let mirrors = mirrors.iter().map(|(host, endpoints)| {
            ((*host).to_owned(), endpoints.iter().map(ToString::to_string).collect::<Vec<_>>())
        });
        Options {
            containerd_patches: patches.iter().map(ToString::to_string).collect(),
            registry_mirrors: mirrors.collect::<BTreeMap<_, _>>(),
            ..Options::default()
        }
        .config()
        .unwrap()
    }

    #[test]
    fn patches_of_the_same_version_are_merged_and_numbers_stay_whole() {
        let patches =
            ["[plugins.\"io.containerd.grpc.v1.cri\"]\nmax_concurrent_downloads = 5\n", "version = 3\nroot = \"/x\"\n"];
        let text = patched(&config(&patches, &[]), "a", NODE).unwrap().unwrap();
        let value: Value = toml::from_str(&text).unwrap();
        let expected = json!({ "version": 2, "plugins": { "io.containerd.grpc.v1.cri": {
            "max_concurrent_downloads": 5, "containerd": { "snapshotter": "overlayfs" },
        } } });
        assert_eq!(value, expected);
        assert!(text.contains("snapshotter = \"overlayfs\""), "the node's entrypoint looks for this text: {text}");
    }

    #[test]
    fn mirrors_get_a_folder_where_there_is_none() {
        let mirrored = config(&[], &[("docker.io", &["http://mirror:5000"])]);
        let text = patched(&mirrored, "a", NODE).unwrap().unwrap();
        let value: Value = toml::from_str(&text).unwrap();
        assert_eq!(value.pointer("/plugins/io.containerd.grpc.v1.cri/registry/config_path"), Some(&json!(HOSTS)));
        assert_eq!(patched(&mirrored, "a", &text).unwrap(), None);
        let new: Value = toml::from_str(&patched(&mirrored, "a", "version = 3\n").unwrap().unwrap()).unwrap();
        assert_eq!(new.pointer("/plugins/io.containerd.cri.v1.images/registry/config_path"), Some(&json!(HOSTS)));
        let expected = "server = \"https://registry-1.docker.io\"\n\n[host.\"http://mirror:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n";
        assert_eq!(hosts_files(&mirrored), [(format!("{HOSTS}/docker.io/hosts.toml"), expected.to_owned())]);
    }

    #[test]
    fn the_snapshotter_is_found_in_every_version() {
        assert_eq!(snapshotter(NODE).as_deref(), Some("overlayfs"));
        let new = "version = 3\n[plugins.'io.containerd.cri.v1.images']\nsnapshotter = 'native'\n";
        assert_eq!(snapshotter(new).as_deref(), Some("native"));
        assert_eq!(snapshotter("version = 2"), None);
    }
}

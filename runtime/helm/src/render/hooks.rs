//! Rendered texts cut into manifests, told apart from hooks, and sorted as Helm installs them.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use crate::Error;

/// The kinds in the order in which they are installed.
const INSTALL_ORDER: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

const HOOKS: &[&str] = &[
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
    "test-success",
];

/// One document of a template.
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) text: String,
    kind: String,
    /// Whether it is a hook that tests the release.
    pub(super) is_test: bool,
}

/// Manifests and hooks, each sorted.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) manifests: Vec<Manifest>,
    pub(super) hooks: Vec<Manifest>,
}

/// Cut and sort the texts of a chart, which come sorted by path.
pub(super) fn sort(files: &[(String, String)]) -> Result<Sorted, Error> {
    let mut sorted = Sorted::default();
    for (path, text) in files.iter().filter(|(_, text)| !text.trim().is_empty()) {
        for document in split(text) {
            let parsed = meshrun_yaml::parse(&document);
            let parsed = parsed.map_err(|source| Error::Manifest { file: path.clone(), source })?;
            let head = head(&parsed).map_err(|reason| Error::ManifestShape { file: path.clone(), reason })?;
            let mut manifest = Manifest { path: path.clone(), text: document, kind: head.kind, is_test: false };
            match head.hook {
                None => sorted.manifests.push(manifest),
                Some(events) => {
                    let events: Vec<String> = events.split(',').map(|event| event.trim().to_lowercase()).collect();
                    // A hook of an unknown kind is left out altogether.
                    if events.iter().all(|event| HOOKS.contains(&event.as_str())) {
                        manifest.is_test = events.iter().any(|event| event.starts_with("test"));
                        sorted.hooks.push(manifest);
                    }
                }
            }
        }
    }
    sorted.manifests.sort_by(by_kind);
    sorted.hooks.sort_by(by_kind);
    Ok(sorted)
}

fn by_kind(one: &Manifest, other: &Manifest) -> std::cmp::Ordering {
    let place = |manifest: &Manifest| INSTALL_ORDER.iter().position(|kind| *kind == manifest.kind);
    match (place(one), place(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => one.kind.cmp(&other.kind),
    }
}

/// The documents of a text.
pub(super) fn split(text: &str) -> Vec<String> {
    static SEPARATOR: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("(?:^|[\t\n\x0c\r ]*\n)---[\t\n\x0c\r ]*").ok());
    let text = text.trim();
    let Some(separator) = SEPARATOR.as_ref() else {
        return vec![text.to_owned()];
    };
    separator.split(text).filter(|document| !document.is_empty()).map(|document| document.trim().to_owned()).collect()
}

struct Head {
    kind: String,
    hook: Option<String>,
}

fn head(document: &Json) -> Result<Head, String> {
    let decoding = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
    let text = |value: Option<&Json>, field: &str| match value {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        // Where Go wants a text, its YAML reader makes one of numbers and truth values.
        Some(scalar @ (Json::Bool(_) | Json::Number(_))) => Ok(scalar.to_string()),
        Some(other) => Err(format!("{decoding} {} into Go struct field {field} of type string", json_type(other))),
    };
    let object = match document {
        Json::Null => return Ok(Head { kind: String::new(), hook: None }),
        Json::Object(object) => object,
        other => return Err(format!("{decoding} {} into Go value of type releaseutil.SimpleHead", json_type(other))),
    };
    text(object.get("apiVersion"), "SimpleHead.apiVersion")?;
    let kind = text(object.get("kind"), "SimpleHead.kind")?;
    let metadata = match object.get("metadata") {
        None | Some(Json::Null) => return Ok(Head { kind, hook: None }),
        Some(Json::Object(metadata)) => metadata,
        Some(other) => {
            let wanted = "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }";
            return Err(format!(
                "{decoding} {} into Go struct field SimpleHead.metadata of type {wanted}",
                json_type(other)
            ));
        }
    };
    text(metadata.get("name"), ".metadata.name")?;
    let annotations = match metadata.get("annotations") {
        None | Some(Json::Null) => return Ok(Head { kind, hook: None }),
        Some(Json::Object(annotations)) => annotations,
        Some(other) => {
            let (found, field) = (json_type(other), ".metadata.annotations");
            return Err(format!("{decoding} {found} into Go struct field {field} of type map[string]string"));
        }
    };
    for value in annotations.values() {
        text(Some(value), ".metadata.annotations")?;
    }
    let hook = match annotations.get("helm.sh/hook") {
        Some(value) => Some(text(Some(value), ".metadata.annotations")?),
        None => None,
    };
    Ok(Head { kind, hook })
}

fn json_type(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

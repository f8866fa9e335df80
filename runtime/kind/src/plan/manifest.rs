//! The manifests that node images carry: the pod network and the storage class.

use serde_json::{Value, json};

use crate::Error;

/// Where node images have the manifest of the pod network.
pub const CNI_PATH: &str = "/kind/manifests/default-cni.yaml";
/// Where node images have the manifest of the storage class.
pub const STORAGE_PATH: &str = "/kind/manifests/default-storage.yaml";

const TEMPLATE_MARK: &str = "would you kindly template this file";
const PATCH_MARK: &str = "would you kindly patch this file";

/// The storage class of images that carry no manifest.
pub const FALLBACK_STORAGE: &str = "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations:
    storageclass.kubernetes.io/is-default-class: \"true\"
provisioner: kubernetes.io/host-path
";

/// The pod network's objects. A file that asks for it gets the pod subnet filled in, and its daemon sets the endpoint of the API server,
/// so that they need no kube-proxy to reach it.
///
/// # Errors
/// `kind::malformed` when it is no YAML, or a template with more than the pod subnet in it.
pub fn cni(text: &str, node: &str, pod_subnet: &str, endpoint: &str) -> Result<Vec<Value>, Error> {
    let malformed = |reason: String| Error::Malformed { node: node.to_owned(), what: CNI_PATH, reason };
    let filled = match text.contains(TEMPLATE_MARK) {
        true => filled(text, pod_subnet).map_err(malformed)?,
        false => text.to_owned(),
    };
    let mut objects = meshrun_yaml::parse_all(&filled).map_err(|error| malformed(error.to_string()))?;
    if text.contains(PATCH_MARK) {
        objects.iter_mut().for_each(|object| tell_endpoint(object, endpoint));
    }
    Ok(objects)
}

/// Put the pod subnet where the template names it.
fn filled(text: &str, pod_subnet: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").ok_or("`{{` without `}}`")?;
        let name = inside.trim_matches(|c: char| c == '-' || c.is_whitespace());
        if name != ".PodSubnet" {
            return Err(format!("expected `{{{{ .PodSubnet }}}}`, found `{{{{{inside}}}}}`"));
        }
        out.push_str(before);
        out.push_str(pod_subnet);
        rest = after;
    }
    Ok(out + rest)
}

fn tell_endpoint(object: &mut Value, endpoint: &str) {
    if object["kind"] != "DaemonSet" || object["apiVersion"] != "apps/v1" {
        return;
    }
    let Some(container) = object.pointer_mut("/spec/template/spec/containers/0").and_then(Value::as_object_mut) else {
        return;
    };
    let entry = json!({ "name": "CONTROL_PLANE_ENDPOINT", "value": endpoint });
    match container.get_mut("env").and_then(Value::as_array_mut) {
        Some(env) => env.push(entry),
        None => _ = container.insert("env".to_owned(), json!([entry])),
    }
}

/// The storage class's objects.
///
/// # Errors
/// `kind::malformed` when it is no YAML.
pub fn storage(text: &str, node: &str) -> Result<Vec<Value>, Error> {
    meshrun_yaml::parse_all(text).map_err(|error| Error::Malformed {
        node: node.to_owned(),
        what: STORAGE_PATH,
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pod_network_learns_subnet_and_endpoint() {
        let text = format!(
            "# {TEMPLATE_MARK}\n# {PATCH_MARK}\n---\nkind: ServiceAccount\napiVersion: v1\n---\nkind: DaemonSet\napiVersion: apps/v1\n\
             spec:\n  template:\n    spec:\n      containers:\n      - env:\n        - {{name: POD_SUBNET, value: \"{{{{ .PodSubnet }}}}\"}}\n---\n"
        );
        let objects = cni(&text, "a", "10.1.0.0/16", "a:6443").unwrap();
        assert_eq!(objects.len(), 2);
        let expected = json!([
            { "name": "POD_SUBNET", "value": "10.1.0.0/16" },
            { "name": "CONTROL_PLANE_ENDPOINT", "value": "a:6443" },
        ]);
        assert_eq!(objects[1].pointer("/spec/template/spec/containers/0/env"), Some(&expected));
    }

    #[test]
    fn a_file_that_asks_for_nothing_stays_as_it_is() {
        let text = "kind: ConfigMap\napiVersion: v1\ndata: {a: '{{ .PodSubnet }}'}\n";
        assert_eq!(cni(text, "a", "x", "y").unwrap()[0]["data"]["a"], "{{ .PodSubnet }}");
    }

    #[test]
    fn other_templates_are_refused() {
        let error = cni(&format!("# {TEMPLATE_MARK}\na: {{{{ .Other }}}}\n"), "a", "x", "y").unwrap_err();
        assert!(error.to_string().ends_with("expected `{{ .PodSubnet }}`, found `{{ .Other }}`"), "{error}");
    }

    #[test]
    fn there_is_always_a_storage_class() {
        assert_eq!(storage(FALLBACK_STORAGE, "a").unwrap()[0]["metadata"]["name"], "standard");
    }
}

//! Patches of kubeadm's documents: RFC 7386 and RFC 6902.

use serde_json::{Map, Value, json};

use crate::{
    Error,
    config::{JsonPatch, Patches},
};

/// Apply the patches to the documents: all merge patches, then the JSON patches. Returns which patches fit no document.
///
/// A patch is for the documents of its `kind`, and of its `apiVersion` when it names one. Merge patches for another version of
/// kubeadm's own documents are taken too: the arguments of components are merged by name in either of their two forms.
///
/// # Errors
/// `kind::bad_patch`.
pub fn apply(documents: &mut [Value], patches: &Patches) -> Result<Vec<String>, Error> {
    let mut unused = Vec::new();
    for text in &patches.merge {
        for patch in parse_merge(text)? {
            let mut used = false;
            for document in documents.iter_mut().filter(|document| is_for(&patch, document)) {
                merge(document, &patch);
                used = true;
            }
            unused.extend((!used).then(|| named(&patch)));
        }
    }
    for patch in &patches.json {
        let operations = parse_json(patch)?;
        let mut used = false;
        for document in documents.iter_mut().filter(|document| is_json_for(patch, document)) {
            json_patch::patch(document, &operations)
                .map_err(|error| bad(&format!("the JSON patch of `{}`", patch.kind), error.to_string()))?;
            used = true;
        }
        unused.extend((!used).then(|| format!("`{}`", patch.kind)));
    }
    Ok(unused)
}

/// What is wrong with the patches by themselves.
pub fn problems(patches: &Patches) -> Vec<String> {
    let merge = patches.merge.iter().filter_map(|text| parse_merge(text).err());
    let json = patches.json.iter().filter_map(|patch| parse_json(patch).err());
    merge.chain(json).map(|error| error.to_string()).collect()
}

fn parse_merge(text: &str) -> Result<Vec<Value>, Error> {
    let patches = meshrun_yaml::parse_all(text).map_err(|error| bad("a kubeadm patch", error.to_string()))?;
    match patches.iter().find(|patch| !patch["kind"].is_string()) {
        Some(_) => Err(bad("a kubeadm patch", "expected a map with `kind`, which says what it is for".to_owned())),
        None => Ok(patches),
    }
}

fn parse_json(patch: &JsonPatch) -> Result<json_patch::Patch, Error> {
    let which = || format!("the JSON patch of `{}`", patch.kind);
    meshrun_yaml::parse_as(&patch.patch).map_err(|error| bad(&which(), error.to_string()))
}

fn bad(which: &str, reason: String) -> Error {
    Error::Patch { which: which.to_owned(), reason }
}

fn named(patch: &Value) -> String {
    match (patch["apiVersion"].as_str(), patch["kind"].as_str().unwrap_or_default()) {
        (Some(version), kind) => format!("`{kind}` of `{version}`"),
        (None, kind) => format!("`{kind}`"),
    }
}

fn is_for(patch: &Value, document: &Value) -> bool {
    let own = document["apiVersion"].as_str().unwrap_or_default();
    let version = patch["apiVersion"].as_str().unwrap_or_default();
    let same = version.is_empty() || version == own || (is_kubeadm(version) && is_kubeadm(own));
    same && patch["kind"] == document["kind"]
}

fn is_kubeadm(version: &str) -> bool {
    version.starts_with("kubeadm.k8s.io/")
}

fn is_json_for(patch: &JsonPatch, document: &Value) -> bool {
    let version = match patch.group.is_empty() {
        true => patch.version.clone(),
        false => format!("{}/{}", patch.group, patch.version),
    };
    (version.is_empty() || document["apiVersion"] == version) && document["kind"] == patch.kind
}

/// Merge a patch; the document stays of its own version and form.
fn merge(document: &mut Value, patch: &Value) {
    let as_lists = has_lists(document);
    let mut patch = patch.clone();
    if let Some(patch) = patch.as_object_mut() {
        patch.remove("apiVersion");
    }
    arguments_as_maps(document);
    arguments_as_maps(&mut patch);
    json_patch::merge(document, &patch);
    if as_lists {
        arguments_as_lists(document);
    }
}

/// The fields in which kubeadm's documents hold arguments of programs.
const ARGUMENTS: [&str; 2] = ["extraArgs", "kubeletExtraArgs"];

fn has_lists(document: &Value) -> bool {
    document["apiVersion"] == "kubeadm.k8s.io/v1beta4"
}

/// Bring arguments from the form of v1beta4, a list of names and values, into that of the versions before, a map. A list with the same
/// name twice has no such form and stays.
fn arguments_as_maps(value: &mut Value) {
    each_arguments(value, &|arguments| {
        let Some(list) = arguments.as_array() else { return };
        let pairs = list.iter().filter_map(|one| Some((one["name"].as_str()?.to_owned(), one["value"].clone())));
        let map: Map<String, Value> = pairs.collect();
        if map.len() == list.len() {
            *arguments = Value::Object(map);
        }
    });
}

/// Bring arguments into the form of v1beta4.
pub fn arguments_as_lists(value: &mut Value) {
    each_arguments(value, &|arguments| {
        let Some(map) = arguments.as_object() else { return };
        let mut list: Vec<(&String, &Value)> = map.iter().collect();
        list.sort_by_key(|(name, _)| *name);
        *arguments = list.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    });
}

fn each_arguments(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if ARGUMENTS.contains(&key.as_str()) {
                    change(value);
                } else {
                    each_arguments(value, change);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_arguments(item, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> Vec<Value> {
        vec![
            json!({ "apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "ClusterConfiguration", "apiServer": { "certSANs": ["a"], "extraArgs": { "x": "1" } } }),
            json!({ "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "a": 1 }),
        ]
    }

    fn patches(merge: &[&str], json: &[(&str, &str, &str, &str)]) -> Patches {
        let json = json.iter().map(|(group, version, kind, patch)| {
            let [group, version, kind, patch] = [group, version, kind, patch].map(ToString::to_string);
            JsonPatch { group, version, kind, patch }
        });
        Patches { merge: merge.iter().map(ToString::to_string).collect(), json: json.collect() }
    }

    #[test]
    fn merge_patches_replace_lists_and_null_deletes() {
        let mut all = documents();
        let text = "kind: ClusterConfiguration\napiServer: {certSANs: [b], extraArgs: {z: '2'}}\n---\nkind: KubeletConfiguration\na: null\n";
        assert_eq!(apply(&mut all, &patches(&[text], &[])).unwrap(), [""; 0]);
        assert_eq!(all[0]["apiServer"], json!({ "certSANs": ["b"], "extraArgs": { "x": "1", "z": "2" } }));
        assert_eq!(all[1], json!({ "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration" }));
    }

    #[test]
    fn json_patches_come_after_and_are_for_one_version() {
        let mut all = documents();
        let operation = r#"[{"op": "add", "path": "/apiServer/certSANs/-", "value": "c"}]"#;
        let found = apply(
            &mut all,
            &patches(
                &["kind: ClusterConfiguration\napiServer: {certSANs: [b]}"],
                &[
                    ("kubeadm.k8s.io", "v1beta3", "ClusterConfiguration", operation),
                    ("kubeadm.k8s.io", "v1beta2", "ClusterConfiguration", operation),
                ],
            ),
        );
        assert_eq!(found.unwrap(), ["`ClusterConfiguration`"]);
        assert_eq!(all[0]["apiServer"]["certSANs"], json!(["b", "c"]));
        let yaml = "- op: remove\n  path: /nothing\n";
        let error = apply(&mut all, &patches(&[], &[("", "", "KubeletConfiguration", yaml)])).unwrap_err();
        assert!(error.to_string().starts_with("cannot apply the JSON patch of `KubeletConfiguration`"), "{error}");
    }

    #[test]
    fn arguments_are_merged_by_name_in_either_form() {
        let mut all = vec![json!({
            "apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration",
            "apiServer": { "extraArgs": [{ "name": "x", "value": "1" }] },
        })];
        let old = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\napiServer: {extraArgs: {w: '0'}}";
        let new = "kind: ClusterConfiguration\napiServer: {extraArgs: [{name: x, value: '2'}]}";
        apply(&mut all, &patches(&[old, new], &[])).unwrap();
        assert_eq!(all[0]["apiVersion"], "kubeadm.k8s.io/v1beta4");
        let expected = json!([{ "name": "w", "value": "0" }, { "name": "x", "value": "2" }]);
        assert_eq!(all[0]["apiServer"]["extraArgs"], expected);
    }

    #[test]
    fn what_is_no_patch_is_told_beforehand() {
        let bad = patches(&["a: [", "a: 1"], &[("", "", "A", "[{\"op\": \"jump\"}]")]);
        let told = problems(&bad);
        assert_eq!(told.len(), 3);
        assert!(told[1].ends_with("expected a map with `kind`, which says what it is for"), "{told:?}");
    }
}

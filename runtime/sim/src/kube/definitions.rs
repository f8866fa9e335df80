//! Definitions of kinds: accepted, and established.

use serde_json::{Value, json};

use super::{
    object,
    store::{Object, Store},
};

/// Note what is accepted of a definition. Returns what to warn of.
pub(super) fn accept(value: &mut Value) -> Vec<String> {
    let now = object::now();
    let names = value["spec"]["names"].clone();
    let status = &mut value["status"];
    status["acceptedNames"] = names;
    let stored: Vec<Value> = status["storedVersions"].as_array().cloned().unwrap_or_default();
    let current: Vec<Value> = value["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["storage"] == true)
        .map(|version| version["name"].clone())
        .collect();
    let mut all = stored;
    all.extend(current.into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
    let status = &mut value["status"];
    status["storedVersions"] = Value::Array(all);
    if !status["conditions"].is_array() {
        status["conditions"] = json!([
            { "lastTransitionTime": now, "message": "no conflicts found", "reason": "NoConflicts", "status": "True", "type": "NamesAccepted" },
            { "lastTransitionTime": now, "message": "not all names are accepted", "reason": "Installing", "status": "False", "type": "Established" },
        ]);
    }
    let uses_rules = value["spec"]["versions"].to_string().contains("\"x-kubernetes-validations\"");
    if uses_rules { vec!["the simulator does not evaluate x-kubernetes-validations".to_owned()] } else { Vec::new() }
}

/// From now on its kind is served.
pub(super) fn establish(store: &Store, definition: &Object) {
    let kind = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    // It may be gone already; then nothing is established.
    let _ = store.modify(kind, None, object::name(definition), |value| {
        for condition in value["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if condition["type"] == "Established" && condition["status"] != "True" {
                *condition = json!({
                    "lastTransitionTime": object::now(), "message": "the initial names have been accepted",
                    "reason": "InitialNamesAccepted", "status": "True", "type": "Established",
                });
            }
        }
    });
}

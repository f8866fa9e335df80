//! Whether what an owner has made comes from its present template, by whatever name its controller has given the template.

use serde_json::Value;

use super::{
    Context,
    object::{Kind, is_controlled_by, label, name, namespace},
};

const REVISION: Kind = ("apps/v1", "ControllerRevision");
const HASH: &str = "controller-revision-hash";

/// Whether a replica set has the template of its deployment, but for the label that tells sets apart.
pub fn same_template(set: &Value, deployment: &Value) -> bool {
    let mut of_set = set["spec"]["template"].clone();
    if let Some(labels) = of_set.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    of_set == deployment["spec"]["template"]
}

/// Whether a pod of a daemon set or stateful set comes from its present template: by the hash, or by the revision that a real controller has kept
/// under another hash.
pub fn is_present(context: &Context<'_>, owner: &Value, pod: &Value, hash: &str) -> bool {
    let Some(own) = label(pod, HASH) else { return false };
    own == hash || context.cluster.was_found(pod) && kept(context, owner, own)
}

fn kept(context: &Context<'_>, owner: &Value, hash: &str) -> bool {
    let all = context.list(REVISION, Some(namespace(owner)));
    // A daemon set's pods are labelled with the hash of their revision, those of a stateful set with its name.
    let named = |revision: &Value| label(revision, HASH) == Some(hash) || name(revision) == hash;
    all.iter().any(|one| is_controlled_by(one, owner) && named(one) && template(one) == owner["spec"]["template"])
}

/// The template of a revision, which is kept as a patch.
fn template(revision: &Value) -> Value {
    let mut template = revision["data"]["spec"]["template"].clone();
    if let Some(map) = template.as_object_mut() {
        map.remove("$patch");
    }
    template
}

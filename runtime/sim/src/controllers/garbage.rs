//! Garbage: what has lost all its owners goes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Context,
    object::{POD, is_going, list, name, namespace, text, uid},
};

/// One step: delete what has owners of which none is left. What waits for its dependents goes after them.
pub fn step(context: &Context<'_>) {
    let kinds = context.store().kinds();
    let mut living = BTreeSet::new();
    let mut owned = Vec::new();
    for (api_version, kind) in &kinds {
        for object in context.store().list((api_version, kind), None) {
            if !list(&object, "/metadata/ownerReferences").is_empty() {
                owned.push((api_version, kind, object.clone()));
            }
            living.insert(uid(&object).to_owned());
        }
    }
    for (api_version, kind, object) in &owned {
        // An owner that was left out when the cluster was taken over is there.
        let left_out = |one: &Value| {
            let group = crate::kube::object::group(text(one, "/apiVersion"));
            context.cluster.left_out(group, text(one, "/kind"))
        };
        let has_owner = |one: &Value| living.contains(text(one, "/uid")) || left_out(one);
        if is_going(object) || list(object, "/metadata/ownerReferences").iter().any(has_owner) {
            continue;
        }
        if (api_version.as_str(), kind.as_str()) == POD {
            context.terminate(object);
            continue;
        }
        let of = Some(namespace(object)).filter(|one| !one.is_empty());
        // Gone meanwhile is as good.
        let _ = context.store().delete((api_version, kind), of, name(object));
    }
    let waits = |object: &Value| {
        is_going(object)
            && list(object, "/metadata/finalizers").iter().any(|one| one.as_str() == Some("foregroundDeletion"))
    };
    for (api_version, kind) in &kinds {
        for object in context.store().list((api_version, kind), None).into_iter().filter(|one| waits(one)) {
            end_in_foreground(context, (api_version, kind), &object, &owned);
        }
    }
}

type Owned<'a> = (&'a String, &'a String, std::sync::Arc<Value>);

fn end_in_foreground(context: &Context<'_>, kind: (&str, &str), owner: &Value, owned: &[Owned<'_>]) {
    let belongs =
        |object: &Value| list(object, "/metadata/ownerReferences").iter().any(|one| text(one, "/uid") == uid(owner));
    let dependents: Vec<&Owned<'_>> = owned.iter().filter(|(_, _, object)| belongs(object)).collect();
    let of = Some(namespace(owner)).filter(|one| !one.is_empty());
    if dependents.is_empty() {
        // Gone meanwhile is as good.
        let _ = context.store().modify(kind, of, name(owner), |one| {
            if let Some(all) = one.pointer_mut("/metadata/finalizers").and_then(Value::as_array_mut) {
                all.retain(|one| one.as_str() != Some("foregroundDeletion"));
            }
        });
        return;
    }
    for (api_version, kind, object) in dependents {
        if is_going(object) {
            continue;
        }
        if (api_version.as_str(), kind.as_str()) == POD {
            context.terminate(object);
        } else {
            let of = Some(namespace(object)).filter(|one| !one.is_empty());
            // Gone meanwhile is as good.
            let _ = context.store().delete((api_version, kind), of, name(object));
        }
    }
}

//! The state object: the IstioOperator that was installed, kept in the cluster for the next one to read.

use meshrun_kube::{
    ApplyOptions, Client, Error, Object, Origin, Patch, PatchOptions, Reference, apply, find, name_of, patch,
};
use meshrun_terms::Steps;
use serde_json::{Map, Value, json};

use crate::{
    install::{owner::FIELD_MANAGER, plan::Plan},
    is_unknown_kind,
};

/// Its kind.
pub(crate) const KIND: &str = "install.istio.io/v1alpha1/IstioOperator";

/// The state object of a plan.
fn state(plan: &Plan) -> Value {
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": {
            "name": plan.owner.name,
            "namespace": plan.owner.namespace,
            // Keeps an operator that runs in the cluster from acting on it.
            "annotations": { "install.istio.io/ignoreReconcile": "true" },
        },
        "spec": plan.operator["spec"],
    })
}

/// Keep the state, if it has changed. A cluster that does not know the kind keeps none, which is told.
pub(super) async fn keep(client: &Client, plan: &Plan, options: &ApplyOptions, steps: &Steps) -> Result<(), Error> {
    let wanted = state(plan);
    let reference = Reference::new(KIND, name_of(&wanted)).in_namespace(&plan.owner.namespace);
    let found = match find(client, &reference).await {
        Err(error) if is_unknown_kind(&error) => {
            steps.warning("the cluster does not know IstioOperators: what was installed is not kept there");
            return Ok(());
        }
        found => found?,
    };
    match found {
        Some(found) if says_the_same(&found["spec"], &wanted["spec"]) => Ok(()),
        // An apply would leave fields that somebody else has written and that no longer count.
        Some(_) => {
            let change = Patch::Json(json!([{ "op": "replace", "path": "/spec", "value": wanted["spec"] }]));
            let options = PatchOptions { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchOptions::default() };
            patch(client, &reference, &change, &options, steps).await.map(drop)
        }
        None => {
            let object = Object { value: wanted, origin: Origin::default() };
            apply(client, vec![object], options, steps).await.map(drop)
        }
    }
}

/// Whether two values mean the same: the server keeps no nulls, and writes whole numbers without a point.
fn says_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let keys = fields.keys().chain(others.keys());
            let at = |fields: &Map<String, Value>, key: &str| fields.get(key).cloned().unwrap_or_default();
            keys.into_iter().all(|key| says_the_same(&at(fields, key), &at(others, key)))
        }
        (Value::Array(items), Value::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(one, other)| says_the_same(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_the_same_with_nulls_dropped_and_numbers_rewritten() {
        let kept = json!({ "a": 1, "list": [{ "b": 2 }], "text": "1" });
        assert!(says_the_same(&kept, &json!({ "a": 1.0, "list": [{ "b": 2.0, "c": null }], "text": "1", "n": null })));
        for other in [json!({ "a": 2, "list": [{ "b": 2 }], "text": "1" }), json!({ "a": 1, "list": [], "text": "1" })]
        {
            assert!(!says_the_same(&kept, &other), "{other}");
        }
        assert!(!says_the_same(&kept, &json!({ "a": 1, "list": [{ "b": 2 }], "text": 1 })));
    }
}

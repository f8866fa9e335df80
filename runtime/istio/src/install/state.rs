//! The state object: the IstioOperator that was installed, kept in the cluster for the next one to read.

use meshrun_kube::{
    ApplyOptions, Client, Error, Object, Origin, Patch, PatchOptions, Reference, apply, find, name_of, patch,
};
use meshrun_terms::Steps;
use serde_json::{Value, json};

use crate::install::{owner::FIELD_MANAGER, plan::Plan};

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
        Err(Error::NoKind { .. }) => {
            steps.warning("the cluster does not know IstioOperators: what was installed is not kept there");
            return Ok(());
        }
        found => found?,
    };
    match found {
        Some(found) if found["spec"] == wanted["spec"] => Ok(()),
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

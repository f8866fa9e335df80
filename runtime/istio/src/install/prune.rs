//! Removing what an earlier install of the same owner left and this one no longer has.

use futures::future::try_join_all;
use meshrun_kube::{
    Client, DeleteOptions, Error, Object, Origin, Query, delete_objects, kind_of, label_of, list, name_of, namespace_of,
};
use meshrun_terms::{Steps, Timeout};
use serde_json::Value;

use crate::{install::plan::Plan, is_unknown_kind};

/// The kinds that istioctl prunes: never definitions and configuration, for those hold what users wrote.
pub(super) const KINDS: [&str; 14] = [
    "deployments.apps",
    "daemonsets.apps",
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
];

const NOT_PRUNED: &str = "install.operator.istio.io/owning-resource-not-pruned";
const COMPONENT: &str = "operator.istio.io/component";

/// All objects of these kinds with these labels, wherever they are. A kind that the cluster does not know has none.
pub(super) async fn owned(client: &Client, kinds: &[&str], labels: &str) -> Result<Vec<Value>, Error> {
    let queries = kinds.iter().map(|kind| async move {
        match list(client, &Query::of(*kind).everywhere().with_labels(labels)).await {
            Err(error) if is_unknown_kind(&error) => Ok(Vec::new()),
            found => found,
        }
    });
    Ok(try_join_all(queries).await?.into_iter().flatten().collect())
}

/// Delete what the plan's owner has in the cluster and the plan has not. Returns how many objects there were.
pub(super) async fn prune(client: &Client, plan: &Plan, timeout: Timeout, steps: &Steps) -> Result<usize, Error> {
    let found = owned(client, &KINDS, &plan.owner.selector()).await?;
    let stale: Vec<Object> = found
        .into_iter()
        .filter(|object| is_stale(object, plan))
        .map(|value| Object { value, origin: Origin::default() })
        .collect();
    let options = DeleteOptions { wait: Some(timeout), ..DeleteOptions::default() };
    Ok(delete_objects(client, stale, &options, steps).await?.len())
}

fn is_stale(object: &Value, plan: &Plan) -> bool {
    let kept = label_of(object, NOT_PRUNED) == Some("true");
    let component = label_of(object, COMPONENT).unwrap_or_default();
    let in_scope = plan.pruned.iter().any(|kind| kind.name() == component);
    let same = |wanted: &Value| {
        kind_of(wanted) == kind_of(object)
            && name_of(wanted) == name_of(object)
            && namespace_of(wanted).is_none_or(|namespace| namespace_of(object) == Some(namespace))
    };
    let wanted = plan.parts.iter().filter(|part| part.kind.name() == component).flat_map(|part| &part.objects);
    !kept && in_scope && !wanted.into_iter().any(same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operator::{Component, Kind, Manifest};

    fn object(kind: &str, name: &str, namespace: Option<&str>, component: &str) -> Value {
        let mut object = json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "labels": { COMPONENT: component } } });
        if let Some(namespace) = namespace {
            object["metadata"]["namespace"] = json!(namespace);
        }
        object
    }

    #[test]
    fn what_is_no_longer_rendered_is_stale() {
        let service = object("Service", "istiod", Some("istio-system"), "Pilot");
        let pilot = Component {
            kind: Kind::Pilot,
            name: String::new(),
            namespace: "istio-system".to_owned(),
            enabled: true,
            objects: vec![service.clone()],
        };
        let manifest = Manifest { operator: json!({ "spec": {} }), components: vec![pilot], warnings: vec![] };
        let plan = Plan::of(&manifest, &[], "1.20.1");
        assert!(!is_stale(&service, &plan));
        assert!(is_stale(&object("Service", "istiod", Some("elsewhere"), "Pilot"), &plan));
        assert!(is_stale(&object("Service", "istio-ingressgateway", Some("istio-system"), "IngressGateways"), &plan));
        let mut kept = object("MutatingWebhookConfiguration", "istio-revision-tag-default", None, "Pilot");
        kept["metadata"]["labels"][NOT_PRUNED] = json!("true");
        assert!(!is_stale(&kept, &plan), "the default tag is nobody's to prune");
        let only_base = Plan::of(&manifest, &["Base".to_owned()], "1.20.1");
        assert!(!is_stale(&object("Service", "old", Some("istio-system"), "Pilot"), &only_base));
    }
}

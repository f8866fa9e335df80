//! Who owns an installed object: istioctl's labels, so that its uninstall, verify and prune understand what was installed
//! here, and the other way round.

use serde_json::{Value, json};

/// The field manager of istioctl: fields are handed over cleanly in both directions.
pub const FIELD_MANAGER: &str = "istio-operator";

/// The owner of everything that one install puts into a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The state object: `installed-state`, with the operator's name and revision.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `default` or the revision's name.
    pub revision: String,
    /// The version of Istio.
    pub version: String,
}

impl Owner {
    /// The owner that a merged IstioOperator names.
    pub fn of(operator: &Value, istio_namespace: &str, version: &str) -> Self {
        let text = |path: &str| operator.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let parts = ["installed-state"].into_iter().chain(text("/metadata/name")).chain(text("/spec/revision"));
        Self {
            name: parts.collect::<Vec<_>>().join("-"),
            namespace: text("/metadata/namespace").unwrap_or(istio_namespace).to_owned(),
            revision: text("/spec/revision").unwrap_or("default").to_owned(),
            version: version.to_owned(),
        }
    }

    /// The labels of an object of this component.
    pub fn labels(&self, component: &str) -> [(&'static str, String); 6] {
        [
            ("operator.istio.io/managed", "Reconcile".to_owned()),
            ("operator.istio.io/component", component.to_owned()),
            ("operator.istio.io/version", self.version.clone()),
            ("istio.io/rev", self.revision.clone()),
            ("install.operator.istio.io/owning-resource", self.name.clone()),
            ("install.operator.istio.io/owning-resource-namespace", self.namespace.clone()),
        ]
    }

    /// The object with the owner's labels.
    pub fn mark(&self, mut object: Value, component: &str) -> Value {
        let metadata = &mut object["metadata"];
        if !metadata["labels"].is_object() {
            metadata["labels"] = json!({});
        }
        for (key, value) in self.labels(component) {
            metadata["labels"][key] = json!(value);
        }
        object
    }

    /// The label selector of everything of this owner in any version: an upgrade prunes what the older version left, which
    /// istioctl's own selector, with the version in it, does not find.
    pub fn selector(&self) -> String {
        format!(
            "operator.istio.io/managed=Reconcile,operator.istio.io/component,install.operator.istio.io/owning-resource={},\
             install.operator.istio.io/owning-resource-namespace={},istio.io/rev={}",
            self.name, self.namespace, self.revision
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_named_for_operator_and_revision() {
        let plain = Owner::of(&json!({ "spec": {} }), "istio-system", "1.20.1");
        assert_eq!((plain.name.as_str(), plain.revision.as_str()), ("installed-state", "default"));
        let named =
            json!({ "metadata": { "name": "eastwest", "namespace": "other" }, "spec": { "revision": "canary" } });
        let named = Owner::of(&named, "istio-system", "1.20.1");
        assert_eq!((named.name.as_str(), named.namespace.as_str()), ("installed-state-eastwest-canary", "other"));
        let object = named.mark(json!({ "metadata": { "name": "x" } }), "Pilot");
        assert_eq!(object["metadata"]["labels"]["operator.istio.io/component"], "Pilot");
        assert_eq!(object["metadata"]["labels"]["istio.io/rev"], "canary");
    }
}

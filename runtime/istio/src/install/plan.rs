//! What an install will put into a cluster, decided before anything is asked or changed.

use std::collections::BTreeMap;

use meshrun_kube::{Object, Origin, Reference, kind_of, name_of, namespace_of};
use serde_json::Value;

use crate::{
    install::owner::Owner,
    operator::{Kind, Manifest, default_namespace, order},
};

/// The label by which istiod knows the network of a namespace.
const NETWORK_LABEL: &str = "topology.istio.io/network";

/// Everything that one install puts into a cluster.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who owns it.
    pub owner: Owner,
    /// Istio's namespace.
    pub namespace: String,
    /// The labels that the namespace gets when it is made.
    pub namespace_labels: BTreeMap<String, String>,
    /// The enabled components, in the order in which they are rendered; gateways of a kind are one.
    pub parts: Vec<Part>,
    /// The components within which objects are pruned that are no longer rendered.
    pub pruned: Vec<Kind>,
    /// The IstioOperator that counts.
    pub operator: Value,
}

/// One component.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which one.
    pub kind: Kind,
    /// The namespace for objects that name none.
    pub namespace: String,
    /// Its objects with their owner's labels, in the order of their application.
    pub objects: Vec<Value>,
}

impl Plan {
    /// The plan of a manifest. `chosen` are the components that were asked for, all when it is empty.
    pub fn of(manifest: &Manifest, chosen: &[String], version: &str) -> Self {
        let spec = &manifest.operator["spec"];
        let namespace = match default_namespace(spec) {
            "" => "istio-system",
            namespace => namespace,
        };
        let owner = Owner::of(&manifest.operator, namespace, version);
        let network = spec.pointer("/values/global/network").and_then(Value::as_str).filter(|name| !name.is_empty());
        let labels = network.map(|network| (NETWORK_LABEL.to_owned(), network.to_owned()));
        let is_pruned = |kind: &Kind| chosen.is_empty() || chosen.iter().any(|name| name == kind.name());
        Self {
            namespace: namespace.to_owned(),
            namespace_labels: labels.into_iter().collect(),
            parts: parts(manifest, &owner),
            pruned: Kind::ALL.into_iter().filter(is_pruned).collect(),
            operator: manifest.operator.clone(),
            owner,
        }
    }

    /// The part of a component, if it is enabled.
    pub fn part(&self, kind: Kind) -> Option<&Part> {
        self.parts.iter().find(|part| part.kind == kind)
    }

    /// All objects with their component's namespace.
    pub fn objects(&self) -> impl Iterator<Item = &Value> {
        self.parts.iter().flat_map(|part| &part.objects)
    }
}

fn parts(manifest: &Manifest, owner: &Owner) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for component in manifest.components.iter().filter(|component| component.enabled) {
        let objects = component.objects.iter().map(|object| owner.mark(object.clone(), component.kind.name()));
        match parts.iter_mut().find(|part| part.kind == component.kind) {
            Some(part) => part.objects.extend(objects),
            None => parts.push(Part {
                kind: component.kind,
                namespace: component.namespace.clone(),
                objects: objects.collect(),
            }),
        }
    }
    for part in &mut parts {
        part.objects.sort_by(order);
    }
    parts
}

impl Part {
    /// Its objects, for an apply.
    pub fn to_apply(&self) -> Vec<Object> {
        self.objects.iter().map(|value| Object { value: value.clone(), origin: Origin::default() }).collect()
    }

    /// What must be rolled out before it is ready.
    pub fn workloads(&self) -> Vec<Reference> {
        let is_workload = |object: &&Value| matches!(kind_of(object), "Deployment" | "DaemonSet" | "StatefulSet");
        let reference = |object: &Value| {
            let namespace = namespace_of(object).unwrap_or(&self.namespace).to_owned();
            Reference { namespace: Some(namespace), ..Reference::of(object) }
        };
        self.objects.iter().filter(is_workload).map(reference).collect()
    }

    /// Its injector webhook, if it has one.
    pub fn injector(&self) -> Option<&Value> {
        self.objects.iter().find(|object| {
            kind_of(object) == "MutatingWebhookConfiguration" && name_of(object).starts_with("istio-sidecar-injector")
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operator::Component;

    fn component(kind: Kind, name: &str, enabled: bool, objects: Vec<Value>) -> Component {
        Component { kind, name: name.to_owned(), namespace: "mesh".to_owned(), enabled, objects }
    }

    fn object(kind: &str, name: &str) -> Value {
        let version = if kind == "Deployment" { "apps/v1" } else { "v1" };
        json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name } })
    }

    fn manifest() -> Manifest {
        Manifest {
            operator: json!({ "spec": { "namespace": "mesh", "values": { "global": { "network": "network1" } } } }),
            components: vec![
                component(Kind::Pilot, "", true, vec![object("Service", "istiod"), object("Deployment", "istiod")]),
                component(Kind::Cni, "", false, vec![]),
                component(Kind::IngressGateways, "a", true, vec![object("Deployment", "a")]),
                component(Kind::IngressGateways, "b", true, vec![object("Deployment", "b")]),
            ],
            warnings: vec![],
        }
    }

    #[test]
    fn gateways_of_a_kind_are_one_part_and_disabled_components_none() {
        let plan = Plan::of(&manifest(), &[], "1.20.1");
        let told: Vec<String> = plan
            .parts
            .iter()
            .map(|part| format!("{}: {:?}", part.kind.name(), part.objects.iter().map(name_of).collect::<Vec<_>>()))
            .collect();
        assert_eq!(told, ["Pilot: [\"istiod\", \"istiod\"]", "IngressGateways: [\"a\", \"b\"]"]);
        assert_eq!(kind_of(&plan.parts[0].objects[1]), "Service", "services come last");
        assert_eq!(plan.parts[1].workloads()[1].to_string(), "deployment mesh/b");
    }

    #[test]
    fn a_namespace_is_made_with_the_network_of_the_mesh() {
        let plan = Plan::of(&manifest(), &[], "1.20.1");
        assert_eq!(plan.namespace, "mesh");
        assert_eq!(plan.namespace_labels.get(NETWORK_LABEL).map(String::as_str), Some("network1"));
    }

    #[test]
    fn only_chosen_components_are_pruned_and_disabled_ones_too() {
        assert_eq!(Plan::of(&manifest(), &[], "1").pruned.len(), Kind::ALL.len());
        assert_eq!(Plan::of(&manifest(), &["Cni".to_owned()], "1").pruned, [Kind::Cni]);
    }

    #[test]
    fn every_object_carries_its_component_and_owner() {
        let plan = Plan::of(&manifest(), &[], "1.20.1");
        for part in &plan.parts {
            for object in &part.objects {
                let labels = &object["metadata"]["labels"];
                assert_eq!(labels["operator.istio.io/component"], part.kind.name());
                assert_eq!(labels["install.operator.istio.io/owning-resource"], "installed-state");
            }
        }
    }
}

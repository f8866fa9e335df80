//! The order in which objects are applied: what others need comes first.

use crate::{manifest::Object, object::kind_of};

/// The phases of an apply. Objects of one phase do not need each other and go side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Namespaces,
    Definitions,
    /// What pods refer to: accounts, rights, settings, storage.
    Settings,
    /// Services, workloads and custom objects.
    Objects,
    /// Webhooks, which stand in the way of everything that comes after them.
    Webhooks,
}

const PHASES: [Phase; 5] = [Phase::Namespaces, Phase::Definitions, Phase::Settings, Phase::Objects, Phase::Webhooks];

/// Sort objects into phases, keeping their order within each; empty phases are left out.
pub(crate) fn phases(objects: Vec<Object>) -> Vec<(Phase, Vec<Object>)> {
    let mut sorted = PHASES.map(|phase| (phase, Vec::new()));
    for object in objects {
        let phase = phase_of(kind_of(&object.value));
        if let Some((_, objects)) = sorted.iter_mut().find(|(known, _)| *known == phase) {
            objects.push(object);
        }
    }
    sorted.into_iter().filter(|(_, objects)| !objects.is_empty()).collect()
}

fn phase_of(kind: &str) -> Phase {
    match kind {
        "Namespace" => Phase::Namespaces,
        "CustomResourceDefinition" => Phase::Definitions,
        "ServiceAccount"
        | "Secret"
        | "ConfigMap"
        | "Role"
        | "RoleBinding"
        | "ClusterRole"
        | "ClusterRoleBinding"
        | "ResourceQuota"
        | "LimitRange"
        | "PriorityClass"
        | "StorageClass"
        | "PersistentVolume"
        | "PersistentVolumeClaim"
        | "IngressClass"
        | "RuntimeClass"
        | "NetworkPolicy" => Phase::Settings,
        "MutatingWebhookConfiguration"
        | "ValidatingWebhookConfiguration"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding" => Phase::Webhooks,
        _ => Phase::Objects,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{manifest::Origin, object::name_of};

    #[test]
    fn what_others_need_comes_first() {
        let kinds = [
            "Deployment",
            "ValidatingWebhookConfiguration",
            "Gateway",
            "Secret",
            "Namespace",
            "CustomResourceDefinition",
        ];
        let object = |kind: &str| Object {
            value: json!({ "kind": kind, "metadata": { "name": kind } }),
            origin: Origin::default(),
        };
        let sorted: Vec<_> = phases(kinds.iter().map(|kind| object(kind)).collect())
            .into_iter()
            .map(|(phase, objects)| {
                (phase, objects.iter().map(|object| name_of(&object.value).to_owned()).collect::<Vec<_>>())
            })
            .collect();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            sorted,
            [
                (Phase::Namespaces, names(&["Namespace"])),
                (Phase::Definitions, names(&["CustomResourceDefinition"])),
                (Phase::Settings, names(&["Secret"])),
                (Phase::Objects, names(&["Deployment", "Gateway"])),
                (Phase::Webhooks, names(&["ValidatingWebhookConfiguration"])),
            ]
        );
    }
}

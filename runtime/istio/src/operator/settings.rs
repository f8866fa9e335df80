//! The `k8s` settings of a component, patched into what its chart rendered.

use serde_json::{Value, json};

use crate::{
    Error,
    operator::{
        component::{Kind, Part, text},
        object,
        path::{Path, inside_brackets, key_value},
        ports::merge_ports,
        strategic::{Merge, Rule, Shape, strategic_merge},
    },
};

/// Where a setting goes.
#[derive(Clone, Copy)]
enum Target {
    /// Into the workload.
    Workload(&'static str),
    /// Into the component's container.
    Container(&'static str),
    /// Into another object of the same name.
    Object(&'static str, &'static str),
}

const SETTINGS: [(&str, Target); 16] = [
    ("affinity", Target::Workload("spec.template.spec.affinity")),
    ("env", Target::Container("env")),
    ("hpaSpec", Target::Object("HorizontalPodAutoscaler", "spec")),
    ("imagePullPolicy", Target::Container("imagePullPolicy")),
    ("nodeSelector", Target::Workload("spec.template.spec.nodeSelector")),
    ("podDisruptionBudget", Target::Object("PodDisruptionBudget", "spec")),
    ("podAnnotations", Target::Workload("spec.template.metadata.annotations")),
    ("priorityClassName", Target::Workload("spec.template.spec.priorityClassName")),
    ("readinessProbe", Target::Container("readinessProbe")),
    ("replicaCount", Target::Workload("spec.replicas")),
    ("resources", Target::Container("resources")),
    ("strategy", Target::Workload("spec.strategy")),
    ("tolerations", Target::Workload("spec.template.spec.tolerations")),
    ("serviceAnnotations", Target::Object("Service", "metadata.annotations")),
    ("service", Target::Object("Service", "spec")),
    ("securityContext", Target::Workload("spec.template.spec.securityContext")),
];

/// Patch a component's settings into its objects. A setting for an object that the chart did not render is passed over.
///
/// # Errors
/// For settings of components that take none, and for values that cannot be merged.
pub(crate) fn apply_settings(objects: &mut [Value], part: &Part<'_>, spec: &Value) -> Result<(), Error> {
    let Some(settings) = part.spec.get("k8s") else { return Ok(()) };
    for (key, target) in SETTINGS {
        let Some(value) = settings.get(key).filter(|value| !value.is_null()) else { continue };
        let path = format!("{}.k8s.{key}", part.path());
        if part.kind == Kind::Base {
            let advice = "the base component takes `overlays` only";
            return Err(Error::Setting { path, component: part.kind.name(), name: String::new(), advice });
        }
        let steps = target_path(target, part, spec)?;
        let wanted = steps.0.first().and_then(|step| inside_brackets(step)).unwrap_or_default().to_owned();
        if key_value(steps.0.first().map_or("", String::as_str)).is_none() {
            let advice = "the component has no workload of its own to patch, or the name has a point in it";
            let name = part.name().to_owned();
            return Err(Error::Setting { path, component: part.kind.name(), name, advice });
        }
        let found = objects.iter_mut().rev().find(|object| is_called(object, &wanted));
        let Some(object) = found else { continue };
        if key == "replicaCount" && is_autoscaled(part.kind, spec) {
            continue;
        }
        patch(object, key, value, &steps.0[1..]).map_err(|source| Error::SettingMerge {
            path,
            object: object::label(object),
            source,
        })?;
    }
    Ok(())
}

/// The setting's place, its first step the object as `[kind:name]`.
fn target_path(target: Target, part: &Part<'_>, spec: &Value) -> Result<Path, Error> {
    let workload = part.kind.workload();
    let (kind, standard, container) = workload.map_or(("", "", ""), |w| (w.kind, w.name, w.container));
    let mut name = if part.name().is_empty() { standard } else { part.name() }.to_owned();
    let revision = text(spec, "revision");
    if name == "istiod" && !revision.is_empty() {
        name = format!("{name}-{revision}");
    }
    Ok(Path::parse(&match target {
        Target::Workload(path) => format!("[{kind}:{name}].{path}"),
        Target::Container(path) => format!("[{kind}:{name}].spec.template.spec.containers.[name:{container}].{path}"),
        Target::Object(kind, path) => format!("[{kind}:{name}].{path}"),
    }))
}

fn is_called(found: &Value, wanted: &str) -> bool {
    wanted.split_once(':').is_some_and(|(kind, name)| object::kind(found) == kind && object::name(found) == name)
}

/// An autoscaler decides over the replicas, so the number is left to it.
fn is_autoscaled(kind: Kind, spec: &Value) -> bool {
    let place = match kind {
        Kind::Pilot => "/values/pilot/autoscaleEnabled",
        Kind::IngressGateways => "/values/gateways/istio-ingressgateway/autoscaleEnabled",
        Kind::EgressGateways => "/values/gateways/istio-egressgateway/autoscaleEnabled",
        _ => return false,
    };
    spec.pointer(place).and_then(Value::as_bool) == Some(true)
}

fn patch(object: &mut Value, key: &str, value: &Value, steps: &[String]) -> Result<(), crate::operator::MergeError> {
    let chart_ports = (key == "service").then(|| list(object.pointer("/spec/ports")).to_vec());
    strategic_merge(object, patch_at(steps, value.clone()), shape_of(object), "")?;
    if let (Some(chart), Some(Value::Object(spec))) = (chart_ports, object.get_mut("spec")) {
        spec.insert("ports".to_owned(), merge_ports(&chart, list(value.get("ports"))));
    }
    if object::kind(object) == "PodDisruptionBudget" {
        keep_one_budget(object);
    }
    Ok(())
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A patch that holds the value at this path; `[key:value]` is a list with one element.
fn patch_at(steps: &[String], value: Value) -> Value {
    match steps {
        [] => value,
        [step, rest @ ..] => match key_value(step) {
            Some((key, wanted)) => {
                let mut element = patch_at(rest, value);
                if let Value::Object(map) = &mut element {
                    map.insert(key.to_owned(), Value::from(wanted));
                }
                json!([element])
            }
            None => json!({ step: patch_at(rest, value) }),
        },
    }
}

/// What Kubernetes' types say of the lists that settings touch.
fn shape_of(object: &Value) -> Shape {
    const NAMED: Shape = Shape::Open(&[]);
    const CONTAINER: Shape = Shape::Open(&[Rule { key: "env", merge: Merge::By("name"), shape: NAMED }]);
    const POD: Shape = Shape::Open(&[Rule { key: "containers", merge: Merge::By("name"), shape: CONTAINER }]);
    const TEMPLATE: Shape = Shape::Open(&[Rule { key: "spec", merge: Merge::Default, shape: POD }]);
    const WORKLOAD_SPEC: Shape = Shape::Open(&[Rule { key: "template", merge: Merge::Default, shape: TEMPLATE }]);
    const WORKLOAD: Shape = Shape::Open(&[Rule { key: "spec", merge: Merge::Default, shape: WORKLOAD_SPEC }]);
    const BUDGET_SPEC: Shape = Shape::Open(&[Rule { key: "selector", merge: Merge::Replace, shape: NAMED }]);
    const BUDGET: Shape = Shape::Open(&[Rule { key: "spec", merge: Merge::Default, shape: BUDGET_SPEC }]);
    const SERVICE_SPEC: Shape = Shape::Open(&[Rule { key: "ports", merge: Merge::By("port"), shape: NAMED }]);
    const SERVICE: Shape = Shape::Open(&[Rule { key: "spec", merge: Merge::Default, shape: SERVICE_SPEC }]);
    match (object::kind(object), text(object, "apiVersion")) {
        ("Deployment" | "DaemonSet", _) => WORKLOAD,
        ("PodDisruptionBudget", "policy/v1") => BUDGET,
        ("Service", _) => SERVICE,
        _ => NAMED,
    }
}

/// A budget with both limits is refused by Kubernetes; `maxUnavailable` stays.
fn keep_one_budget(object: &mut Value) {
    let Some(Value::Object(spec)) = object.get_mut("spec") else { return };
    let counts = |key: &str| match spec.get(key) {
        Some(Value::Number(number)) => number.as_i64().is_some_and(|number| number != 0),
        Some(Value::String(text)) => {
            text.strip_suffix('%').and_then(|percent| percent.parse::<i64>().ok()).is_some_and(|percent| percent != 0)
        }
        _ => false,
    };
    if counts("maxUnavailable") && counts("minAvailable") {
        spec.remove("minAvailable");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::component::parts;

    fn patched(spec: Value, kind: Kind, mut objects: Vec<Value>) -> Result<Vec<Value>, String> {
        let part = parts(&spec).into_iter().find(|part| part.kind == kind).unwrap();
        apply_settings(&mut objects, &part, &spec).map_err(|error| error.to_string())?;
        Ok(objects)
    }

    fn deployment(name: &str) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"template": {"spec": {
            "tolerations": [{"key": "old"}],
            "containers": [{"name": "discovery", "env": [{"name": "A", "value": "1"}]}]}}}})
    }

    #[test]
    fn settings_reach_the_workload_of_the_revision() {
        let spec = json!({"revision": "r", "components": {"pilot": {"k8s": {
            "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}],
            "tolerations": [{"key": "new"}], "replicaCount": 3, "nodeSelector": {"a": "b"}, "priorityClassName": "p"}}}});
        let objects = patched(spec, Kind::Pilot, vec![deployment("istiod"), deployment("istiod-r")]).unwrap();
        assert_eq!(objects[0], deployment("istiod"));
        assert_eq!(
            objects[1]["spec"],
            json!({"replicas": 3, "template": {"spec": {"nodeSelector": {"a": "b"}, "priorityClassName": "p",
                "tolerations": [{"key": "new"}],
                "containers": [{"name": "discovery", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]}]}}})
        );
    }

    #[test]
    fn replicas_are_left_to_the_autoscaler() {
        let spec = json!({"components": {"pilot": {"k8s": {"replicaCount": 3}}}, "values": {"pilot": {"autoscaleEnabled": true}}});
        assert_eq!(patched(spec, Kind::Pilot, vec![deployment("istiod")]).unwrap(), [deployment("istiod")]);
    }

    #[test]
    fn a_budget_keeps_one_limit() {
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "istiod"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}});
        let spec = json!({"components": {"pilot": {"k8s": {"podDisruptionBudget":
            {"maxUnavailable": "50%", "selector": {"matchLabels": {"c": "d"}}}}}}});
        let objects = patched(spec, Kind::Pilot, vec![budget]).unwrap();
        assert_eq!(objects[0]["spec"], json!({"maxUnavailable": "50%", "selector": {"matchLabels": {"c": "d"}}}));
    }

    #[test]
    fn base_and_remote_take_no_settings() {
        let k8s = json!({"k8s": {"nodeSelector": {"a": "b"}}});
        for kind in [Kind::Base, Kind::IstiodRemote] {
            let spec = json!({"components": {kind.key(): k8s}});
            let message = format!(
                "`spec.components.{}.k8s.nodeSelector` cannot be applied to component {}",
                kind.key(),
                kind.name()
            );
            assert_eq!(patched(spec, kind, Vec::new()), Err(message));
        }
    }
}

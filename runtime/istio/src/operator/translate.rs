//! From the spec of an IstioOperator to the values of a component's chart.

use serde_json::{Map, Value, json};

use crate::operator::{
    component::{Kind, Part, is_enabled, namespace, text},
    json_merge::json_merge,
    number::printed,
};

/// The values that are the same for all components: what the spec says elsewhere, then `values`, then `unvalidatedValues`.
#[derive(Debug)]
pub(crate) struct CommonValues {
    /// What stands outside `values`, in the place where charts look for it.
    api: Value,
    merged: Value,
}

impl CommonValues {
    pub fn of(spec: &Value) -> Self {
        let api = from_api(spec);
        let mut merged = api.clone();
        for key in ["values", "unvalidatedValues"] {
            if let Some(values) = spec.get(key).filter(|values| values.as_object().is_some_and(|map| !map.is_empty())) {
                json_merge(&mut merged, values);
            }
        }
        Self { api, merged }
    }

    /// The values of one component.
    pub fn for_part(&self, part: &Part<'_>) -> Value {
        match part.kind {
            Kind::Ztunnel => self.flat(),
            kind if kind.is_gateway() => self.for_gateway(part),
            _ => self.merged.clone(),
        }
    }

    /// The values of a chart that has its own at the top.
    fn flat(&self) -> Value {
        let empty = Map::new();
        let map = |value: Option<&Value>| value.and_then(Value::as_object).unwrap_or(&empty).clone();
        let mut flat = map(Some(&self.api));
        flat.retain(|_, value| !value.is_object());
        flat.extend(map(self.merged.get("global")));
        flat.extend(map(self.merged.get("ztunnel")));
        Value::Object(flat)
    }

    /// All gateways share one node of values; name, labels and ports are each one's own.
    fn for_gateway(&self, part: &Part<'_>) -> Value {
        let mut values = self.merged.clone();
        let [_, gateway] = part.kind.values_root() else { return values };
        if let Some(Value::Object(node)) = values.pointer_mut(&format!("/gateways/{gateway}")) {
            node.insert("name".to_owned(), Value::from(part.name()));
            for (key, found) in [("labels", part.spec.get("label")), ("ports", part.spec.pointer("/k8s/service/ports"))]
            {
                node.extend(found.map(|found| (key.to_owned(), found.clone())));
            }
        }
        values
    }
}

/// Hub, tag, revision, mesh configuration, and each component's enablement, namespace, hub and tag.
fn from_api(spec: &Value) -> Value {
    let mut root = json!({});
    for (key, path) in [
        ("hub", &["global", "hub"][..]),
        ("tag", &["global", "tag"]),
        ("revision", &["revision"]),
        ("meshConfig", &["meshConfig"]),
    ] {
        match spec.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value) => put(&mut root, path, value.clone()),
        }
    }
    // In this order, because Base and IstiodRemote write to the same place.
    for kind in [Kind::Ztunnel, Kind::Pilot, Kind::IstiodRemote, Kind::Cni, Kind::Base] {
        component_values(&mut root, spec, kind);
    }
    put(&mut root, &["global", "istioNamespace"], Value::from(namespace(spec, Kind::Pilot)));
    if has_old_metrics(spec) {
        put(&mut root, &["global", "autoscalingv2API"], Value::Bool(false));
    }
    root
}

fn component_values(root: &mut Value, spec: &Value, kind: Kind) {
    let [place] = kind.values_root() else { return };
    // The chart calls itself `cni`; other charts look for it as `istio_cni`.
    let enabled_at = if kind == Kind::Cni { "istio_cni" } else { place };
    put(root, &[enabled_at, "enabled"], Value::Bool(is_enabled(spec, kind)));
    put(root, &[place, "namespace"], Value::from(namespace(spec, kind)));
    let component = spec.pointer(&format!("/components/{}", kind.key())).unwrap_or(&Value::Null);
    if !text(component, "hub").is_empty() {
        put(root, &[place, "hub"], Value::from(text(component, "hub")));
    }
    let tag = component.get("tag").filter(|tag| !tag.is_null()).map(printed).unwrap_or_default();
    if !tag.is_empty() {
        put(root, &[place, "tag"], Value::from(tag));
    }
}

/// Write a value at a path of maps.
fn put(root: &mut Value, path: &[&str], value: Value) {
    let Value::Object(map) = root else { return };
    match path {
        [key] => drop(map.insert((*key).to_owned(), value)),
        [key, rest @ ..] => put(map.entry(*key).or_insert_with(|| json!({})), rest, value),
        [] => {}
    }
}

/// Whether an autoscaler is described in the words of `autoscaling/v2beta1`; all charts then render that version.
fn has_old_metrics(spec: &Value) -> bool {
    let pilot = spec.pointer("/components/pilot").into_iter();
    let gateways = [("ingressGateways", "istio-ingressgateway"), ("egressGateways", "istio-egressgateway")];
    let gateways = gateways.into_iter().flat_map(|(list, name)| {
        let all = spec.pointer(&format!("/components/{list}")).and_then(Value::as_array).into_iter().flatten();
        all.filter(move |gateway| text(gateway, "name") == name)
    });
    let metrics = pilot.chain(gateways).filter_map(|one| one.pointer("/k8s/hpaSpec/metrics")?.as_array()).flatten();
    metrics.into_iter().any(is_old_metric)
}

fn is_old_metric(metric: &Value) -> bool {
    const OLD: [(&str, &[&str]); 4] = [
        ("object", &["metricName", "averageValue", "selector", "targetValue"]),
        ("pods", &["metricName", "selector", "targetAverageValue"]),
        ("resource", &["targetAverageValue", "targetAverageUtilization"]),
        ("external", &["targetAverageValue", "targetValue", "metricName", "metricSelector"]),
    ];
    OLD.iter().any(|(source, keys)| {
        let source = metric.get(source).unwrap_or(&Value::Null);
        keys.iter().any(|key| source.get(key).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::component::parts;

    #[test]
    fn the_spec_is_found_among_the_values() {
        let spec = json!({"hub": "h", "tag": 1.2, "revision": "r", "meshConfig": {"a": 1},
            "components": {"base": {"enabled": true}, "pilot": {"enabled": true, "namespace": "p", "hub": "ph", "tag": 2},
                "istiodRemote": {"enabled": false, "hub": "rh"}},
            "values": {"global": {"istioNamespace": "i", "tag": null, "x": 1}, "meshConfig": {"b": 2}},
            "unvalidatedValues": {"global": {"x": 2}}});
        assert_eq!(
            CommonValues::of(&spec).merged,
            json!({"revision": "r", "meshConfig": {"a": 1, "b": 2},
                "global": {"hub": "rh", "enabled": true, "namespace": "i", "istioNamespace": "i", "x": 2},
                "pilot": {"enabled": true, "namespace": "p", "hub": "ph", "tag": "2"},
                "cni": {"namespace": "i"}, "istio_cni": {"enabled": false},
                "ztunnel": {"enabled": false, "namespace": "i"}})
        );
    }

    #[test]
    fn each_gateway_has_its_name_labels_and_ports() {
        let spec = json!({"components": {"ingressGateways": [
                {"name": "a"}, {"name": "b", "label": {"l": "1"}, "k8s": {"service": {"ports": [{"port": 1}]}}}]},
            "values": {"gateways": {"istio-ingressgateway": {"ports": []}}}});
        let common = CommonValues::of(&spec);
        let nodes: Vec<Value> = parts(&spec)
            .iter()
            .filter(|part| part.kind.is_gateway())
            .map(|part| common.for_part(part)["gateways"]["istio-ingressgateway"].take())
            .collect();
        assert_eq!(
            nodes,
            [json!({"name": "a", "ports": []}), json!({"name": "b", "labels": {"l": "1"}, "ports": [{"port": 1}]})]
        );
    }

    #[test]
    fn ztunnel_has_its_values_at_the_top() {
        let spec = json!({"revision": "r", "meshConfig": {"a": 1}, "components": {"ztunnel": {"enabled": true, "tag": "t"}},
            "values": {"global": {"istioNamespace": "i", "tag": "g"}, "ztunnel": {"env": {}}}});
        let values = CommonValues::of(&spec).flat();
        assert_eq!(
            values,
            json!({"revision": "r", "istioNamespace": "i", "enabled": true, "namespace": "i", "tag": "t", "env": {}})
        );
    }

    #[test]
    fn old_metrics_choose_the_old_autoscaler() {
        let with = |metric: Value| json!({"components": {"pilot": {"k8s": {"hpaSpec": {"metrics": [metric]}}}}});
        assert!(has_old_metrics(&with(json!({"resource": {"name": "cpu", "targetAverageUtilization": 60}}))));
        assert!(!has_old_metrics(&with(json!({"resource": {"name": "cpu", "target": {"averageUtilization": 60}}}))));
    }
}

//! One object in the several versions of its kind.

use serde_json::{Value, json};

use super::{
    kinds::{Resource, built_in},
    object,
    registry::Known,
};

/// In which version the objects of a kind are kept.
pub(super) fn stored_version(known: &Known, resource: &Resource) -> String {
    if resource.custom {
        let versions = known.definition(resource).and_then(|(definition, _)| definition["spec"]["versions"].as_array());
        let stored = versions.into_iter().flatten().find(|version| version["storage"] == true);
        let version = stored.map_or(resource.version.as_str(), |version| object::text(version, "/name"));
        return format!("{}/{version}", resource.group);
    }
    if resource.group == "events.k8s.io" {
        return "v1".to_owned();
    }
    let first = built_in().iter().find(|one| one.group == resource.group && one.kind == resource.kind);
    first.map_or_else(|| resource.api_version(), Resource::api_version)
}

/// From the version of a request to the one that is kept.
pub(super) fn to_stored(value: &mut Value, known: &Known, resource: &Resource) {
    match (resource.group.as_str(), resource.version.as_str(), resource.kind.as_str()) {
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => scaler_to_v2(value),
        ("events.k8s.io", _, "Event") => {
            rename(
                value,
                &[
                    ("regarding", "involvedObject"),
                    ("note", "message"),
                    ("deprecatedCount", "count"),
                    ("deprecatedFirstTimestamp", "firstTimestamp"),
                    ("deprecatedLastTimestamp", "lastTimestamp"),
                    ("deprecatedSource", "source"),
                    ("reportingController", "reportingComponent"),
                ],
            );
        }
        _ => {}
    }
    value["apiVersion"] = stored_version(known, resource).into();
}

/// From the version that is kept to that of a request.
pub(super) fn from_stored(value: &mut Value, resource: &Resource) {
    match (resource.group.as_str(), resource.version.as_str(), resource.kind.as_str()) {
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => scaler_to_v1(value),
        ("events.k8s.io", _, "Event") => {
            rename(
                value,
                &[
                    ("involvedObject", "regarding"),
                    ("message", "note"),
                    ("count", "deprecatedCount"),
                    ("firstTimestamp", "deprecatedFirstTimestamp"),
                    ("lastTimestamp", "deprecatedLastTimestamp"),
                    ("source", "deprecatedSource"),
                    ("reportingComponent", "reportingController"),
                ],
            );
        }
        _ => {}
    }
    value["apiVersion"] = resource.api_version().into();
}

fn rename(value: &mut Value, names: &[(&str, &str)]) {
    let map = object::map_mut(value);
    for (from, to) in names {
        if let Some(part) = map.remove(*from) {
            map.insert((*to).to_owned(), part);
        }
    }
}

fn scaler_to_v2(value: &mut Value) {
    let target = value["spec"].as_object_mut().and_then(|spec| spec.remove("targetCPUUtilizationPercentage"));
    if let Some(target) = target {
        let target = json!({ "type": "Utilization", "averageUtilization": target });
        value["spec"]["metrics"] = json!([{ "type": "Resource", "resource": { "name": "cpu", "target": target } }]);
    }
}

fn scaler_to_v1(value: &mut Value) {
    let metrics = value["spec"].as_object_mut().and_then(|spec| spec.remove("metrics"));
    let target = metrics.as_ref().and_then(Value::as_array).into_iter().flatten().find_map(|metric| {
        (metric["resource"]["name"] == "cpu").then(|| metric["resource"]["target"]["averageUtilization"].clone())
    });
    if let Some(target) = target.filter(|target| !target.is_null()) {
        value["spec"]["targetCPUUtilizationPercentage"] = target;
    }
    if let Some(status) = value["status"].as_object_mut() {
        status.remove("conditions");
        status.remove("currentMetrics");
    }
}

//! Kubernetes settings of istiod given as chart values (`values.pilot.env` and the like) become `components.pilot.k8s.*`.

use serde_json::{Map, Value, json};

use crate::{
    Error,
    operator::{
        json_merge::json_merge,
        number::printed,
        path::Path,
        problem::Problem,
        tree::{Keys, Node, write},
    },
};

/// Values of istiod that are settings by another name.
const MOVED: [&str; 13] = [
    "env",
    "imagePullPolicy",
    "nodeSelector",
    "podAnnotations",
    "podDisruptionBudget",
    "priorityClassName",
    "readinessProbe",
    "replicaCount",
    "resources",
    "rollingMaxSurge",
    "rollingMaxUnavailable",
    "serviceAnnotations",
    "tolerations",
];

const SETTINGS: &str = "components.pilot.k8s";

/// The user's overlay with istiod's settings where the profile's settings stand, so that the user's win. The values stay as well.
/// An overlay without a spec is none.
///
/// # Errors
/// When a setting cannot be written where it belongs.
pub fn values_to_settings(mut overlay: Value) -> Result<Value, Error> {
    let spec = match overlay.get("spec") {
        Some(Value::Null) | None => return Ok(Value::Null),
        Some(spec) => spec.clone(),
    };
    let pilot = spec.pointer("/values/pilot").cloned().unwrap_or_default();
    let mut tree = Node::new(spec, Keys::Json);
    for name in MOVED {
        match pilot.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value) => write_setting(&mut tree, name, value)?,
        }
    }
    json_merge(&mut overlay, &json!({ "spec": tree.into_value() }));
    Ok(overlay)
}

fn write_setting(tree: &mut Node, name: &str, value: &Value) -> Result<(), Error> {
    match name {
        "env" => write_env(tree, value),
        "rollingMaxSurge" => put(tree, "strategy.rollingUpdate.maxSurge", value.clone()),
        "rollingMaxUnavailable" => put(tree, "strategy.rollingUpdate.maxUnavailable", value.clone()),
        _ if is_zero(value) => Ok(()),
        _ => put(tree, name, value.clone()),
    }
}

/// A map of names and values becomes a list, after the variables that are set already.
fn write_env(tree: &mut Node, value: &Value) -> Result<(), Error> {
    let Value::Object(variables) = value else {
        let problem = Problem::at("spec.values.pilot.env", "expected a map of names and values");
        return Err(Error::Invalid { place: "the configuration".to_owned(), problems: vec![problem] });
    };
    let mut sorted: Vec<_> = variables.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    let list: Vec<Value> =
        sorted.into_iter().map(|(name, value)| json!({"name": name, "value": printed(value)})).collect();
    if list.is_empty() {
        return Ok(());
    }
    if has_env(tree) {
        return list.into_iter().try_for_each(|variable| put(tree, "env", variable));
    }
    put(tree, "env", Value::Array(list))
}

/// Whether the overlay itself sets variables of istiod.
fn has_env(tree: &Node) -> bool {
    let mut at = tree;
    for step in ["components", "pilot", "k8s", "env"] {
        let Node::Map(_, map) = at else { return false };
        let Some(next) = map.get(step) else { return false };
        at = next;
    }
    !matches!(at, Node::Map(_, map) if map.is_empty())
}

fn put(tree: &mut Node, name: &str, value: Value) -> Result<(), Error> {
    let path = Path::parse(&format!("{SETTINGS}.{name}"));
    write(tree, &path, Some(value)).map_err(|source| {
        let problem = Problem::at(format!("spec.values.pilot.{name}"), source.to_string());
        Error::Invalid { place: "the configuration".to_owned(), problems: vec![problem] }
    })
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Copy `values.gateways.*.enabled` of the overlay to the gateway itself.
///
/// # Errors
/// When the configuration has no such gateway.
pub fn enable_gateways(operator: Value, overlay: &Value) -> Result<Value, Error> {
    let mut tree: Option<Node> = None;
    let mut operator = Some(operator);
    for (gateway, list) in [("istio-ingressgateway", "ingressGateways"), ("istio-egressgateway", "egressGateways")] {
        let found = overlay.pointer(&format!("/spec/values/gateways/{gateway}/enabled"));
        let Some(enabled) = found.filter(|enabled| !enabled.is_null()) else { continue };
        let tree = tree.get_or_insert_with(|| Node::new(operator.take().unwrap_or_default(), Keys::Yaml));
        let path = Path::parse(&format!("spec.components.{list}.[name:{gateway}].enabled"));
        write(tree, &path, Some(enabled.clone()))
            .map_err(|source| Error::NoGateway { key: format!("values.gateways.{gateway}.enabled"), source })?;
    }
    Ok(tree.map(Node::into_value).or(operator).unwrap_or_default())
}

/// Turn what flags wrote to `meshConfig.defaultConfig.proxyMetadata` into texts.
pub fn proxy_metadata_as_texts(operator: &mut Value) {
    let Some(Value::Object(metadata)) = operator.pointer_mut("/spec/meshConfig/defaultConfig/proxyMetadata") else {
        return;
    };
    let texts: Map<String, Value> = std::mem::take(metadata)
        .into_iter()
        .filter(|(_, value)| value.is_boolean() || value.is_number() || value.is_string())
        .map(|(key, value)| (key, Value::String(printed(&value))))
        .collect();
    *metadata = texts;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_among_the_values_move_to_the_component() {
        let overlay = json!({"spec": {
            "components": {"pilot": {"k8s": {"env": [{"name": "FIRST", "value": "1"}]}}},
            "values": {"pilot": {"env": {"B": 1_000_000, "A": true}, "replicaCount": 0, "nodeSelector": {},
                "rollingMaxSurge": 2, "imagePullPolicy": ""}}}});
        let moved = values_to_settings(overlay).unwrap();
        assert_eq!(
            moved["spec"]["components"],
            json!({"pilot": {"k8s": {
                "env": [{"name": "FIRST", "value": "1"}, {"name": "A", "value": "true"}, {"name": "B", "value": "1e+06"}],
                "nodeSelector": {}, "strategy": {"rollingUpdate": {"maxSurge": 2}}}}})
        );
        assert_eq!(moved["spec"]["values"]["pilot"]["replicaCount"], json!(0));
    }

    #[test]
    fn an_overlay_without_a_spec_is_none() {
        assert_eq!(values_to_settings(json!({"metadata": {"name": "x"}})).unwrap(), Value::Null);
    }

    #[test]
    fn nulls_of_the_overlay_do_not_reach_the_profile() {
        let overlay = json!({"spec": {"values": {"global": {"proxy": {"resources": null, "logLevel": "info"}}}}});
        assert_eq!(
            values_to_settings(overlay).unwrap(),
            json!({"spec": {"values": {"global": {"proxy": {"logLevel": "info"}}}}})
        );
    }

    #[test]
    fn gateways_are_enabled_through_values() {
        let operator = json!({"spec": {"components": {"egressGateways": [],
            "ingressGateways": [{"name": "istio-ingressgateway", "enabled": false}]}}});
        let overlay = json!({"spec": {"values": {"gateways": {"istio-ingressgateway": {"enabled": true}}}}});
        let enabled = enable_gateways(operator.clone(), &overlay).unwrap();
        assert_eq!(enabled["spec"]["components"]["ingressGateways"][0]["enabled"], json!(true));
        let other = json!({"spec": {"values": {"gateways": {"istio-egressgateway": {"enabled": true}}}}});
        assert_eq!(
            enable_gateways(operator, &other).unwrap_err().to_string(),
            "`values.gateways.istio-egressgateway.enabled` enables a gateway that the configuration does not have"
        );
    }
}

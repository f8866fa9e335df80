//! Whether two injectors would take the same pods, which istioctl's analyzer calls IST0139.

use std::collections::{BTreeMap, BTreeSet};

use meshrun_kube::name_of;
use serde_json::Value;

use crate::install::adopt::is_deactivated;

type Labels = BTreeMap<String, String>;

/// A value that no selector names.
const OTHER: &str = "other";

/// The names of two injectors, one of each list, that some pod would meet both of.
pub(crate) fn overlap<'v>(ours: &[&'v Value], theirs: &[&'v Value]) -> Option<(&'v str, &'v str)> {
    let pairs = ours.iter().flat_map(|one| theirs.iter().map(move |other| (*one, *other)));
    pairs
        .filter(|(one, other)| name_of(one) != name_of(other))
        .find(|(one, other)| meet(one, other))
        .map(|(one, other)| (name_of(one), name_of(other)))
}

fn meet(one: &Value, other: &Value) -> bool {
    let both = [one, other];
    // Its selectors take a label that nobody has.
    if both.into_iter().any(is_deactivated) {
        return false;
    }
    let objects = combinations(&values(&both, "objectSelector"));
    combinations(&values(&both, "namespaceSelector"))
        .iter()
        .any(|namespace| objects.iter().any(|pod| both.iter().all(|injector| takes(injector, namespace, pod))))
}

fn takes(injector: &Value, namespace: &Labels, pod: &Labels) -> bool {
    webhooks(injector)
        .any(|hook| selects(&hook["namespaceSelector"], namespace) && selects(&hook["objectSelector"], pod))
}

fn webhooks(injector: &Value) -> impl Iterator<Item = &Value> {
    injector["webhooks"].as_array().into_iter().flatten()
}

/// The keys that the selectors know, with the values that they tell apart.
fn values(injectors: &[&Value], selector: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for selector in injectors.iter().flat_map(|injector| webhooks(injector)).map(|hook| &hook[selector]) {
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            values.entry(key.clone()).or_default().extend(value.as_str().map(str::to_owned));
        }
        for expression in expressions(selector) {
            let named = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let key = expression["key"].as_str().unwrap_or_default().to_owned();
            values.entry(key).or_default().extend(named.map(str::to_owned));
        }
    }
    values
}

/// All ways to label something: each key absent, with each value, or with another one.
fn combinations(values: &BTreeMap<String, BTreeSet<String>>) -> Vec<Labels> {
    values.iter().fold(vec![Labels::new()], |labelled, (key, values)| {
        let given: Vec<Labels> = values
            .iter()
            .map(String::as_str)
            .chain([OTHER])
            .flat_map(|value| {
                labelled.iter().cloned().map(move |mut labels| {
                    labels.insert(key.clone(), value.to_owned());
                    labels
                })
            })
            .collect();
        labelled.into_iter().chain(given).collect()
    })
}

/// Whether a label selector, as objects write it, takes these labels. An empty one takes everything.
pub(crate) fn selects(selector: &Value, labels: &Labels) -> bool {
    let mut wanted = selector["matchLabels"].as_object().into_iter().flatten();
    wanted.all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
        && expressions(selector).all(|expression| holds(expression, labels))
}

fn expressions(selector: &Value) -> impl Iterator<Item = &Value> {
    selector["matchExpressions"].as_array().into_iter().flatten()
}

fn holds(expression: &Value, labels: &Labels) -> bool {
    let found = expression["key"].as_str().and_then(|key| labels.get(key));
    let is_named = || {
        let mut named = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.is_some_and(|found| named.any(|value| value == found))
    };
    match expression["operator"].as_str().unwrap_or_default() {
        "In" => is_named(),
        "NotIn" => !is_named(),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::install::adopt::deactivated;

    /// An injector of a revision, as the charts make them.
    fn injector(name: &str, revision: &str) -> Value {
        let any = json!({ "key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"] });
        json!({ "kind": "MutatingWebhookConfiguration", "metadata": { "name": name }, "webhooks": [
            {
                "namespaceSelector": { "matchExpressions": [
                    { "key": "istio.io/rev", "operator": "In", "values": [revision] },
                    { "key": "istio-injection", "operator": "DoesNotExist" },
                ] },
                "objectSelector": { "matchExpressions": [any] },
            },
        ] })
    }

    #[test]
    fn two_injectors_of_one_revision_meet_and_those_of_two_do_not() {
        let (one, same, other) = (injector("a", "default"), injector("b", "default"), injector("c", "canary"));
        assert_eq!(overlap(&[&one], &[&same, &other]), Some(("a", "b")));
        assert_eq!(overlap(&[&one], &[&other]), None);
        assert_eq!(overlap(&[&one], &[&one]), None, "it is the same one");
        assert_eq!(overlap(&[&one], &[&deactivated(same)]), None, "one of them sleeps");
    }

    #[test]
    fn a_selector_takes_what_kubernetes_takes() {
        let labels: Labels = [("a".to_owned(), "1".to_owned())].into();
        assert!(selects(&Value::Null, &labels) && selects(&json!({}), &labels));
        assert!(selects(&json!({ "matchLabels": { "a": "1" } }), &labels));
        assert!(!selects(&json!({ "matchLabels": { "a": "2" } }), &labels));
        let expression = |key: &str, operator: &str| json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": ["1"] }] });
        for (key, operator, expected) in [
            ("a", "In", true),
            ("b", "In", false),
            ("a", "NotIn", false),
            ("b", "NotIn", true),
            ("a", "Exists", true),
            ("a", "DoesNotExist", false),
        ] {
            assert_eq!(selects(&expression(key, operator), &labels), expected, "{key} {operator}");
        }
    }
}

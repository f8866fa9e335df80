//! Selectors of objects by labels and by fields.

use serde_json::Value;

use super::{kinds::Resource, object, status::Status};

/// What objects must have.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    labels: Vec<(String, Test)>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
    Above(i64),
    Below(i64),
}

impl Selector {
    /// From the texts of a request.
    ///
    /// # Errors
    /// When they are malformed, or name a field that cannot be selected by.
    pub(super) fn parse(labels: &str, fields: &str, resource: &Resource) -> Result<Self, Status> {
        let labels = split(labels).into_iter().map(label).collect::<Result<_, _>>()?;
        let mut of_fields = Vec::new();
        for part in fields.split(',').filter(|part| !part.is_empty()) {
            let (key, wanted, value) = field(part)?;
            let custom_allows = matches!(key.as_str(), "metadata.name" | "metadata.namespace");
            if !custom_allows && (resource.custom || !selectable(resource).contains(&key.as_str())) {
                return Err(Status::bad_request(format!("field label not supported: {key}")));
            }
            of_fields.push((key, wanted, value));
        }
        Ok(Self { labels, fields: of_fields })
    }

    /// Whether an object has it all.
    pub(super) fn matches(&self, value: &Value) -> bool {
        let label = |key: &str| value["metadata"]["labels"].get(key).and_then(Value::as_str);
        self.labels.iter().all(|(key, test)| test.holds(label(key)))
            && self.fields.iter().all(|(key, wanted, text)| (at(value, key) == *text) == *wanted)
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok()); // what is no number is neither above nor below
        match self {
            Self::In(all) => value.is_some_and(|value| all.iter().any(|one| one == value)),
            Self::NotIn(all) => !value.is_some_and(|value| all.iter().any(|one| one == value)),
            Self::Exists => value.is_some(),
            Self::Missing => value.is_none(),
            Self::Above(least) => number().is_some_and(|number| number > *least),
            Self::Below(most) => number().is_some_and(|number| number < *most),
        }
    }
}

/// The fields of a kind that can be selected by, beside name and namespace.
fn selectable(resource: &Resource) -> &'static [&'static str] {
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("events.k8s.io", "Event") => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "type",
            "reportingController",
        ],
        ("", "Namespace") => &["status.phase"],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "ReplicationController") | ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        ("certificates.k8s.io", _) => &["spec.signerName"],
        _ => &[],
    }
}

fn at(value: &Value, path: &str) -> String {
    let found = match (path, &value["source"]) {
        ("source", Value::Object(source)) => source.get("component"),
        _ => {
            // Events are kept under their first names.
            let path =
                path.replace("regarding.", "involvedObject.").replace("reportingController", "reportingComponent");
            value.pointer(&format!("/{}", path.replace('.', "/")))
        }
    };
    match found {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) if path == "spec.unschedulable" || path == "spec.hostNetwork" => "false".to_owned(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The parts of a selector: commas within brackets separate nothing.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn label(part: String) -> Result<(String, Test), Status> {
    let malformed = || Status::bad_request(format!("unable to parse requirement: found '{part}'"));
    let test = |key: &str, test: Test| {
        let key = key.trim();
        let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/');
        if key.is_empty() || !key.chars().all(fits) { Err(malformed()) } else { Ok((key.to_owned(), test)) }
    };
    let one = |text: &str| Test::In(vec![text.trim().to_owned()]);
    if let Some((key, value)) = part.split_once("!=") {
        return test(key, Test::NotIn(vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return test(key, one(value));
    }
    if let Some(key) = part.strip_prefix('!') {
        return test(key, Test::Missing);
    }
    if let Some((key, number)) = part.split_once('>') {
        return test(key, Test::Above(number.trim().parse().map_err(|_| malformed())?));
    }
    if let Some((key, number)) = part.split_once('<') {
        return test(key, Test::Below(number.trim().parse().map_err(|_| malformed())?));
    }
    if let [_, second, ..] = part.split_whitespace().collect::<Vec<_>>().as_slice()
        && !["in", "notin"].contains(&second.split('(').next().unwrap_or_default())
    {
        let text = format!("unable to parse requirement: found '{second}', expected: in, notin, =, ==, !=, gt, lt");
        return Err(Status::bad_request(text));
    }
    let Some((head, list)) = part.split_once('(') else { return test(&part, Test::Exists) };
    let values = list.strip_suffix(')').ok_or_else(malformed)?.split(',').map(|one| one.trim().to_owned()).collect();
    let mut words = head.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(key), Some("in"), None) => test(key, Test::In(values)),
        (Some(key), Some("notin"), None) => test(key, Test::NotIn(values)),
        _ => Err(malformed()),
    }
}

fn field(part: &str) -> Result<(String, bool, String), Status> {
    let (key, wanted, value) = if let Some((key, value)) = part.split_once("!=") {
        (key, false, value)
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, true, value)
    } else {
        return Err(Status::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")));
    };
    Ok((key.trim().to_owned(), wanted, value.trim().to_owned()))
}

/// Whether labels have what a `LabelSelector` of an object wants.
pub(super) fn label_selector_matches(selector: &Value, labels: &Value) -> bool {
    let by_label = selector["matchLabels"].as_object().into_iter().flatten();
    let mut expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    by_label.into_iter().all(|(key, value)| labels.get(key) == Some(value))
        && expressions.all(|one| {
            let value = labels.get(object::text(one, "/key")).and_then(Value::as_str);
            let values =
                one["values"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            let test = match object::text(one, "/operator") {
                "In" => Test::In(values),
                "NotIn" => Test::NotIn(values),
                "Exists" => Test::Exists,
                _ => Test::Missing,
            };
            test.holds(value)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kube::kinds::built_in;

    #[test]
    fn objects_are_selected() {
        let pods = built_in().iter().find(|kind| kind.kind == "Pod").unwrap();
        let pod = json!({ "metadata": { "name": "a", "labels": { "app": "web", "n": "5" } }, "status": { "phase": "Running" } });
        let matches = |labels: &str, fields: &str| Selector::parse(labels, fields, pods).unwrap().matches(&pod);
        assert!(matches("app in (web, db),!gone,n>4", "status.phase=Running,metadata.name!=b"));
        assert!(!matches("app notin (web)", "") && !matches("", "status.phase!=Running") && matches("app", ""));
        assert!(Selector::parse("a b c", "", pods).is_err());
        assert_eq!(Selector::parse("", "spec.x=1", pods).unwrap_err().message, "field label not supported: spec.x");
    }
}

//! What can be waited for: conditions as data, which read aloud and combine.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Error,
    error::Result,
    object::{is_terminating, kind_of},
    path::{Path, text_of},
    rollout::{Rollout, rollout_of},
};

/// What an object should be like.
///
/// Scripts and files write one as a word or as `kubectl wait --for` has it (see [`FromStr`]); as a list, all of which must hold; or as a
/// map: `{ all: […] }`, `{ any: […] }`, `{ not: … }`, `{ condition: "Ready", status: "False" }`, `{ path: "spec.replicas", equals: 3 }`,
/// `{ path: …, matches: "^v1" }`, `{ path: … }` for something that is set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// It is there.
    Exists,
    /// It is gone.
    Deleted,
    /// The object with this uid is gone, even if another one has its name by now.
    DeletedSince(String),
    /// A condition in its status: type and status, mostly `True`.
    Status(String, String),
    /// Its rollout is complete: Deployment, DaemonSet, StatefulSet, ReplicaSet.
    RolledOut,
    /// It is what its kind calls ready: a rollout is complete, a pod or node is ready, a namespace active, a job complete,
    /// a volume claim bound, a definition established; everything else has the condition `Ready` or `Available`.
    Ready,
    /// A definition is served: its condition `Established`.
    Established,
    /// At least one endpoint is ready; for services.
    EndpointsReady,
    /// A load balancer has given it an address; for services.
    HasAddress,
    /// All its webhooks have a CA bundle; for webhook configurations, and definitions with a conversion webhook.
    HasCaBundle,
    /// The value at a path is this one. See [`Path`].
    Equals { path: String, value: Value },
    /// The value at a path matches a regular expression.
    Matches { path: String, pattern: String },
    /// There is something at a path: not null, not empty.
    NotEmpty { path: String },
}

/// How an object stands to a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is so.
    pub holds: bool,
    /// What was seen: `1 of 3 replicas available`.
    pub seen: String,
    /// Why it cannot become so by waiting, if that is known.
    pub hopeless: Option<String>,
}

impl Verdict {
    fn of(holds: bool, seen: impl Into<String>) -> Self {
        Self { holds, seen: seen.into(), hopeless: None }
    }
}

impl Condition {
    /// The condition `condition=TYPE` of kubectl: this condition type has status `True`.
    pub fn status(condition: impl Into<String>) -> Self {
        Self::Status(condition.into(), "True".to_owned())
    }

    /// How an object stands to it; none for one that is not there.
    ///
    /// # Errors
    /// When a path or pattern is none.
    pub fn judge(&self, object: Option<&Value>) -> Result<Verdict> {
        match (self, object) {
            (Self::All(parts), _) => all(parts, object),
            (Self::Any(parts), _) => any(parts, object),
            (Self::Not(part), _) => {
                let verdict = part.judge(object)?;
                Ok(Verdict::of(!verdict.holds, verdict.seen))
            }
            (Self::Deleted | Self::DeletedSince(_), None) => Ok(Verdict::of(true, "it is gone")),
            (Self::DeletedSince(uid), Some(object)) if object["metadata"]["uid"] != uid.as_str() => {
                Ok(Verdict::of(true, "it is gone, and another has its name"))
            }
            (Self::Deleted | Self::DeletedSince(_), Some(object)) if is_terminating(object) => {
                Ok(Verdict::of(false, terminating(object)))
            }
            (Self::Deleted | Self::DeletedSince(_), Some(_)) => Ok(Verdict::of(false, "it is there")),
            (_, None) => Ok(Verdict::of(false, "it does not exist")),
            (condition, Some(object)) => condition.judge_object(object),
        }
    }

    fn judge_object(&self, object: &Value) -> Result<Verdict> {
        Ok(match self {
            Self::Status(kind, wanted) => has_status(object, kind, wanted),
            Self::RolledOut => rolled_out(object),
            Self::Ready => ready(object),
            Self::Established => has_status(object, "Established", "True"),
            Self::EndpointsReady => endpoints_ready(object),
            Self::HasAddress => has_address(object),
            Self::HasCaBundle => has_ca_bundle(object),
            Self::Equals { path, value } => at_path(object, path, |found| same(found, value))?,
            Self::Matches { path, pattern } => {
                let regex = regex::Regex::new(pattern)
                    .map_err(|source| Error::BadPattern { pattern: pattern.clone(), source: Box::new(source) })?;
                at_path(object, path, |found| regex.is_match(&text_of(found)))?
            }
            Self::NotEmpty { path } => at_path(object, path, is_something)?,
            Self::Exists | Self::Deleted | Self::DeletedSince(_) | Self::All(_) | Self::Any(_) | Self::Not(_) => {
                Verdict::of(true, "it is there")
            }
        })
    }

    /// Whether it is about an object's being gone, so that finding none is what is wanted.
    pub(crate) fn wants_nothing(&self) -> bool {
        match self {
            Self::Deleted | Self::DeletedSince(_) => true,
            Self::Not(part) => **part == Self::Exists,
            Self::All(parts) | Self::Any(parts) => !parts.is_empty() && parts.iter().all(Self::wants_nothing),
            _ => false,
        }
    }

    /// Whether it is about a service's endpoints, which are an object of their own.
    pub(crate) fn is_about_endpoints(&self) -> bool {
        match self {
            Self::EndpointsReady => true,
            Self::Not(part) => part.is_about_endpoints(),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_about_endpoints),
            _ => false,
        }
    }
}

fn all(parts: &[Condition], object: Option<&Value>) -> Result<Verdict> {
    let verdicts = parts.iter().map(|part| part.judge(object)).collect::<Result<Vec<_>>>()?;
    let missing: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.holds).collect();
    let told = if missing.is_empty() { verdicts.iter().collect() } else { missing.clone() };
    Ok(Verdict {
        holds: missing.is_empty(),
        seen: told.iter().map(|verdict| verdict.seen.as_str()).collect::<Vec<_>>().join("; "),
        hopeless: missing.iter().find_map(|verdict| verdict.hopeless.clone()),
    })
}

fn any(parts: &[Condition], object: Option<&Value>) -> Result<Verdict> {
    let verdicts = parts.iter().map(|part| part.judge(object)).collect::<Result<Vec<_>>>()?;
    if let Some(holding) = verdicts.iter().find(|verdict| verdict.holds) {
        return Ok(holding.clone());
    }
    let hopeless: Option<Vec<String>> = verdicts.iter().map(|verdict| verdict.hopeless.clone()).collect();
    Ok(Verdict {
        holds: false,
        seen: verdicts.iter().map(|verdict| verdict.seen.as_str()).collect::<Vec<_>>().join("; "),
        hopeless: hopeless.filter(|reasons| !reasons.is_empty()).map(|reasons| reasons.join("; ")),
    })
}

fn terminating(object: &Value) -> String {
    let finalizers = object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let finalizers: Vec<&str> = finalizers.collect();
    if finalizers.is_empty() {
        "it is being deleted".to_owned()
    } else {
        format!("its deletion waits for {}", finalizers.join(", "))
    }
}

/// A condition in a status.
pub(crate) fn condition_of<'o>(object: &'o Value, kind: &str) -> Option<&'o Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(kind)))
}

fn has_status(object: &Value, kind: &str, wanted: &str) -> Verdict {
    let Some(condition) = condition_of(object, kind) else {
        return Verdict::of(false, format!("it has no condition {kind} yet"));
    };
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
    let observed = condition["observedGeneration"].as_i64().or(object["status"]["observedGeneration"].as_i64());
    if observed.is_some_and(|observed| observed < generation) {
        return Verdict::of(false, "its status is that of an older version");
    }
    let status = condition["status"].as_str().unwrap_or_default();
    Verdict::of(status.eq_ignore_ascii_case(wanted), describe(condition))
}

/// `Ready is False (ContainersNotReady: containers with unready status: [a])`.
pub(crate) fn describe(condition: &Value) -> String {
    let text = |key: &str| condition[key].as_str().filter(|text| !text.is_empty());
    let head = format!("{} is {}", text("type").unwrap_or("it"), text("status").unwrap_or("unknown"));
    match (text("reason"), text("message")) {
        (None, None) => head,
        (Some(only), None) | (None, Some(only)) => format!("{head} ({only})"),
        (Some(reason), Some(message)) => format!("{head} ({reason}: {message})"),
    }
}

fn rolled_out(object: &Value) -> Verdict {
    match rollout_of(object) {
        Some(Rollout::Stuck(seen)) => {
            Verdict { hopeless: Some("its rollout has stopped".into()), ..Verdict::of(false, seen) }
        }
        Some(rollout) => Verdict::of(rollout.is_complete(), rollout.seen()),
        None => Verdict::of(false, format!("{} has no rollout", kind_of(object))),
    }
}

fn ready(object: &Value) -> Verdict {
    let phase = object["status"]["phase"].as_str().unwrap_or("unknown");
    match kind_of(object) {
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" | "ReplicationController" => rolled_out(object),
        "Pod" => pod_ready(object),
        "Namespace" => Verdict::of(phase == "Active", format!("it is {phase}")),
        "PersistentVolumeClaim" => Verdict::of(phase == "Bound", format!("it is {phase}")),
        "CustomResourceDefinition" => has_status(object, "Established", "True"),
        "Job" => job_complete(object),
        "Endpoints" => endpoints_ready(object),
        _ => ["Ready", "Available"].iter().find(|kind| condition_of(object, kind).is_some()).map_or_else(
            || Verdict::of(false, "it has no condition Ready yet"),
            |kind| has_status(object, kind, "True"),
        ),
    }
}

fn pod_ready(pod: &Value) -> Verdict {
    if is_terminating(pod) {
        return Verdict::of(false, "it is being deleted");
    }
    let is_ready = condition_of(pod, "Ready").is_some_and(|condition| condition["status"] == "True");
    if is_ready {
        return Verdict::of(true, "it is ready");
    }
    let trouble = crate::pods::trouble(pod);
    let phase = pod["status"]["phase"].as_str().unwrap_or("Unknown");
    let seen = trouble.map_or_else(|| format!("it is {phase} and not ready"), |trouble| trouble.to_string());
    let hopeless = (phase == "Failed").then(|| "the pod has failed".to_owned());
    Verdict { hopeless, ..Verdict::of(false, seen) }
}

fn job_complete(job: &Value) -> Verdict {
    let failed = condition_of(job, "Failed").filter(|condition| condition["status"] == "True");
    if let Some(failed) = failed {
        return Verdict { hopeless: Some("the job has failed".into()), ..Verdict::of(false, describe(failed)) };
    }
    has_status(job, "Complete", "True")
}

fn endpoints_ready(endpoints: &Value) -> Verdict {
    let count = |key: &str| {
        let subsets = endpoints["subsets"].as_array().into_iter().flatten();
        subsets.map(|subset| subset[key].as_array().map_or(0, Vec::len)).sum::<usize>()
    };
    let (ready, not_ready) = (count("addresses"), count("notReadyAddresses"));
    Verdict::of(ready > 0, format!("{ready} of {} endpoints ready", ready + not_ready))
}

fn has_address(service: &Value) -> Verdict {
    let ingress = service["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
    let address = ingress
        .filter_map(|entry| entry["ip"].as_str().or(entry["hostname"].as_str()))
        .find(|address| !address.is_empty());
    if let Some(address) = address {
        return Verdict::of(true, format!("its address is {address}"));
    }
    let kind = service["spec"]["type"].as_str().unwrap_or("LoadBalancer");
    if kind_of(service) == "Service" && kind != "LoadBalancer" {
        let hopeless = Some(format!("a service of type {kind} gets no address from a load balancer"));
        return Verdict { hopeless, ..Verdict::of(false, format!("it is of type {kind}")) };
    }
    Verdict::of(false, "no load balancer has given it an address")
}

fn has_ca_bundle(object: &Value) -> Verdict {
    let clients: Vec<&Value> = match object["webhooks"].as_array() {
        Some(webhooks) => webhooks.iter().map(|webhook| &webhook["clientConfig"]).collect(),
        None => vec![&object["spec"]["conversion"]["webhook"]["clientConfig"]],
    };
    let filled =
        clients.iter().filter(|client| client["caBundle"].as_str().is_some_and(|bundle| bundle.len() > 8)).count();
    let seen = format!("{filled} of {} webhooks have a CA bundle", clients.len());
    Verdict::of(!clients.is_empty() && filled == clients.len(), seen)
}

fn at_path(object: &Value, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Verdict> {
    let found = path.parse::<Path>()?.find(object);
    let holds = found.iter().any(|found| wanted(found));
    let seen = match &*found {
        [] => format!("{path} is not there"),
        found => format!("{path} is {}", found.iter().map(|found| text_of(found)).collect::<Vec<_>>().join(", ")),
    };
    Ok(Verdict::of(holds, seen))
}

/// Whether two values are the same, also when one was written as a string: `"3"` and 3.
fn same(found: &Value, wanted: &Value) -> bool {
    found == wanted || text_of(found) == text_of(wanted)
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: &[Self], word: &str| parts.iter().map(Self::to_string).collect::<Vec<_>>().join(word);
        match self {
            Self::All(parts) => formatter.write_str(&joined(parts, " and ")),
            Self::Any(parts) => write!(formatter, "({})", joined(parts, " or ")),
            Self::Not(part) => write!(formatter, "not {part}"),
            Self::Exists => formatter.write_str("there"),
            Self::Deleted | Self::DeletedSince(_) => formatter.write_str("gone"),
            Self::Status(kind, status) if status == "True" => formatter.write_str(kind),
            Self::Status(kind, status) => write!(formatter, "{kind} {status}"),
            Self::RolledOut => formatter.write_str("rolled out"),
            Self::Ready => formatter.write_str("ready"),
            Self::Established => formatter.write_str("established"),
            Self::EndpointsReady => formatter.write_str("with a ready endpoint"),
            Self::HasAddress => formatter.write_str("with an address"),
            Self::HasCaBundle => formatter.write_str("with a CA bundle"),
            Self::Equals { path, value } => write!(formatter, "{path} = {}", text_of(value)),
            Self::Matches { path, pattern } => write!(formatter, "{path} like {pattern}"),
            Self::NotEmpty { path } => write!(formatter, "{path} set"),
        }
    }
}

/// As a word (`ready`, `rolled_out`, `exists`, `deleted`, `established`, `endpoints`, `address`, `ca_bundle`), or in the form
/// of `kubectl wait --for`: `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Running`, `create`, `delete`.
impl FromStr for Condition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::BadCondition { condition: text.to_owned() };
        if let Some(rest) = text.strip_prefix("condition=") {
            let (kind, status) = rest.split_once('=').unwrap_or((rest, "True"));
            return if kind.is_empty() { Err(bad()) } else { Ok(Self::Status(kind.to_owned(), status.to_owned())) };
        }
        if let Some(rest) = text.strip_prefix("jsonpath=") {
            return at_kubectl_path(rest).ok_or_else(bad);
        }
        Ok(match text {
            "exists" | "create" => Self::Exists,
            "deleted" | "delete" => Self::Deleted,
            "rolled_out" | "rollout" => Self::RolledOut,
            "ready" => Self::Ready,
            "established" => Self::Established,
            "endpoints" => Self::EndpointsReady,
            "address" => Self::HasAddress,
            "ca_bundle" => Self::HasCaBundle,
            _ => return Err(bad()),
        })
    }
}

impl TryFrom<Value> for Condition {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => text.parse(),
            Value::Array(parts) => Ok(Self::All(conditions(parts)?)),
            Value::Object(fields) => of_map(fields),
            other => Err(Error::BadCondition { condition: other.to_string() }),
        }
    }
}

fn conditions(parts: Vec<Value>) -> Result<Vec<Condition>> {
    parts.into_iter().map(Condition::try_from).collect()
}

fn of_map(mut fields: Map<String, Value>) -> Result<Condition> {
    let bad =
        |fields: &Map<String, Value>| Error::BadCondition { condition: Value::Object(fields.clone()).to_string() };
    let whole = fields.clone();
    let mut text = |key: &str| match fields.remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (path, pattern, kind, status) = (text("path"), text("matches"), text("condition"), text("status"));
    let value = fields.remove("equals");
    let mut parts = |key: &str| match fields.remove(key) {
        Some(Value::Array(parts)) => Some(parts),
        _ => None,
    };
    let condition = match (parts("all"), parts("any"), fields.remove("not")) {
        (Some(parts), None, None) => Condition::All(conditions(parts)?),
        (None, Some(parts), None) => Condition::Any(conditions(parts)?),
        (None, None, Some(part)) => Condition::Not(Box::new(part.try_into()?)),
        (None, None, None) => match (path, value, pattern, kind) {
            (Some(path), Some(value), None, None) => Condition::Equals { path, value },
            (Some(path), None, Some(pattern), None) => Condition::Matches { path, pattern },
            (Some(path), None, None, None) => Condition::NotEmpty { path },
            (None, None, None, Some(kind)) => Condition::Status(kind, status.unwrap_or_else(|| "True".to_owned())),
            _ => return Err(bad(&whole)),
        },
        _ => return Err(bad(&whole)),
    };
    if fields.is_empty() { Ok(condition) } else { Err(bad(&whole)) }
}

impl JsonSchema for Condition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array", "object"], "format": "condition" })
    }
}

fn at_kubectl_path(text: &str) -> Option<Condition> {
    let text = text.trim_matches(['\'', '"']);
    let end = text.rfind('}')? + 1;
    let path = text[..end].to_owned();
    path.parse::<Path>().ok()?;
    match &text[end..] {
        "" => Some(Condition::NotEmpty { path }),
        rest => {
            let value = rest.trim_start_matches(['\'', '"']).strip_prefix('=')?.trim_matches(['\'', '"']);
            Some(Condition::Equals { path, value: value.into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(condition: &str, object: &Value) -> (bool, String) {
        let verdict = condition.parse::<Condition>().unwrap().judge(Some(object)).unwrap();
        (verdict.holds, verdict.seen)
    }

    #[test]
    fn conditions_are_read_as_kubectl_writes_them() {
        let pod = json!({ "kind": "Pod", "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] } });
        assert_eq!(verdict("condition=Ready", &pod), (true, "Ready is True".into()));
        assert_eq!(verdict("condition=ready=false", &pod), (false, "Ready is True".into()));
        assert_eq!(verdict("jsonpath='{.status.phase}'=Running", &pod), (true, "{.status.phase} is Running".into()));
        assert_eq!(verdict("jsonpath={.status.podIP}", &pod), (false, "{.status.podIP} is not there".into()));
        assert_eq!(verdict("delete", &pod), (false, "it is there".into()));
        assert_eq!(verdict("ready", &pod), (true, "it is ready".into()));
        for text in ["", "condition=", "jsonpath=", "jsonpath={}", "soon"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_status_of_an_older_version_does_not_count() {
        let object = json!({ "metadata": { "generation": 3 }, "status": { "observedGeneration": 2, "conditions": [{ "type": "Ready", "status": "True" }] } });
        assert_eq!(verdict("condition=Ready", &object), (false, "its status is that of an older version".into()));
    }

    #[test]
    fn services_webhooks_and_endpoints() {
        let service =
            json!({ "kind": "Service", "spec": { "type": "LoadBalancer" }, "status": { "loadBalancer": {} } });
        assert_eq!(verdict("address", &service), (false, "no load balancer has given it an address".into()));
        let service = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": "10.0.0.1" }] } } });
        assert_eq!(verdict("address", &service), (true, "its address is 10.0.0.1".into()));
        let inner = json!({ "kind": "Service", "spec": { "type": "ClusterIP" } });
        assert!(Condition::HasAddress.judge(Some(&inner)).unwrap().hopeless.is_some());
        let webhooks = json!({ "webhooks": [{ "clientConfig": { "caBundle": "LS0tLS1CRUdJTg==" } }, { "clientConfig": { "caBundle": "Cg==" } }] });
        assert_eq!(verdict("ca_bundle", &webhooks), (false, "1 of 2 webhooks have a CA bundle".into()));
        let endpoints = json!({ "subsets": [{ "addresses": [{}], "notReadyAddresses": [{}, {}] }] });
        assert_eq!(verdict("endpoints", &endpoints), (true, "1 of 3 endpoints ready".into()));
    }

    #[test]
    fn combinations_read_aloud_and_judge_together() {
        let condition = Condition::All(vec![
            Condition::Any(vec![Condition::status("Ready"), Condition::Equals { path: "a".into(), value: json!(3) }]),
            Condition::Not(Box::new(Condition::NotEmpty { path: "b".into() })),
        ]);
        assert_eq!(condition.to_string(), "(Ready or a = 3) and not b set");
        assert!(condition.judge(Some(&json!({ "a": "3" }))).unwrap().holds);
        let verdict = condition.judge(Some(&json!({ "a": 3, "b": 1 }))).unwrap();
        assert_eq!((verdict.holds, verdict.seen.as_str()), (false, "b is 1"));
        assert!(!condition.judge(None).unwrap().holds);
    }

    #[test]
    fn conditions_are_data() {
        let read = |data: Value| serde_json::from_value::<Condition>(data).map(|condition| condition.to_string());
        let data = json!({ "all": [{ "condition": "Ready" }, { "path": "a", "equals": 1 }, ["rolled_out", "exists"], { "not": "deleted" }] });
        assert_eq!(read(data).unwrap(), "Ready and a = 1 and rolled out and there and not gone");
        assert_eq!(read(json!({ "any": [{ "condition": "Ready", "status": "False" }, { "path": "a", "matches": "^v" }, { "path": "b" }] })).unwrap(), "(Ready False or a like ^v or b set)");
        for data in [
            json!(3),
            json!({}),
            json!({ "all": "x" }),
            json!({ "path": "a", "equals": 1, "matches": "b" }),
            json!({ "path": "a", "more": 1 }),
        ] {
            assert!(read(data.clone()).is_err(), "{data}");
        }
    }

    #[test]
    fn a_broken_pattern_is_an_error() {
        let condition = Condition::Matches { path: "a".into(), pattern: "(".into() };
        assert_eq!(condition.judge(Some(&json!({}))).unwrap_err().to_string(), "`(` is no regular expression");
    }
}

//! Waiting for a condition: by watching, until a time is over, and then telling what was seen.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::Duration,
};

use futures::TryStreamExt;
use kube::{
    Api,
    core::DynamicObject,
    runtime::{WatchStreamExt, watcher, watcher::Event},
};
use meshrun_terms::{Steps, Timeout};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    Client, Error,
    condition::{Condition, Verdict},
    discovery::{Resource, resource},
    error::Result,
    evidence::{Evidence, evidence, evidence_of},
    get::Query,
    object::{Reference, is_terminating, kind_of, name_of, namespace_of},
    pods::{pods_of, trouble},
    request::failure,
};

/// How often a kind that is not served yet is asked for.
const KIND_PAUSE: Duration = Duration::from_millis(500);
/// How often pods are looked at for trouble that does not pass.
const TROUBLE_PAUSE: Duration = Duration::from_secs(2);
/// How long collecting evidence may take once the time is over.
const EVIDENCE_PATIENCE: Duration = Duration::from_secs(10);

/// What is waited for: one object, or all of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The object of this name.
    Object(Reference),
    /// All objects of a selection, of which there must be at least one. Pods that are being deleted or have run to
    /// completion do not count.
    Objects(Query),
}

/// How to wait.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long.
    pub timeout: Timeout,
    /// Give up earlier when it is plain that waiting does not help: the deadline for progress is over, or a container could for
    /// so long not be started (image, configuration, crashes). By default nothing of the kind ends the wait.
    pub fail_fast: Option<Timeout>,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: Timeout::minutes(5), fail_fast: None }
    }
}

impl Options {
    /// Wait so long, and no shorter.
    pub const fn within(timeout: Timeout) -> Self {
        Self { timeout, fail_fast: None }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(reference) => reference.fmt(formatter),
            Self::Objects(query) => {
                write!(formatter, "{}", query.kind)?;
                for selector in query.labels.iter().chain(&query.fields) {
                    write!(formatter, " {selector}")?;
                }
                query.namespace.iter().try_for_each(|namespace| write!(formatter, " in {namespace}"))
            }
        }
    }
}

/// Wait until a condition holds. Returns the objects for which it does; none when they are gone.
///
/// # Errors
/// [`Error::Wait`] when the time is over, with what was last seen and evidence; other errors when the server refuses.
pub async fn wait(
    client: &Client,
    subject: &Subject,
    condition: &Condition,
    options: &Options,
    steps: &Steps,
) -> Result<Vec<Value>> {
    let deadline = Instant::now() + options.timeout.duration();
    // A mistake in a path or pattern should not wait for an object to come up first.
    condition.judge(Some(&Value::Null))?;
    let mut state = State::new(client, subject, condition, options, steps);
    let ended = tokio::select! {
        ended = timeout_at(deadline, state.until_it_holds()) => ended.unwrap_or(Ok(Ended::TimeIsOver)),
        trouble = lasting_trouble(client, subject, options.fail_fast) => Ok(Ended::Hopeless(trouble)),
    };
    match ended? {
        Ended::Holds(objects) => Ok(objects),
        Ended::TimeIsOver => Err(state.failure(None).await),
        Ended::Hopeless(reason) => Err(state.failure(Some(reason)).await),
    }
}

enum Ended {
    Holds(Vec<Value>),
    Hopeless(String),
    TimeIsOver,
}

struct State<'w> {
    client: &'w Client,
    subject: &'w Subject,
    condition: &'w Condition,
    options: &'w Options,
    steps: &'w Steps,
    /// What was last seen.
    seen: String,
    /// An object that does not keep the condition, for evidence.
    offender: Option<Value>,
}

impl<'w> State<'w> {
    fn new(
        client: &'w Client,
        subject: &'w Subject,
        condition: &'w Condition,
        options: &'w Options,
        steps: &'w Steps,
    ) -> Self {
        Self { client, subject, condition, options, steps, seen: "nothing yet".to_owned(), offender: None }
    }

    async fn until_it_holds(&mut self) -> Result<Ended> {
        let resource = self.kind().await?;
        let mut changes = Box::pin(watch(self.client, self.subject, &resource));
        let mut objects = BTreeMap::new();
        let mut fresh = None;
        loop {
            match changes.try_next().await {
                Ok(Some(event)) => {
                    if !take(event, &mut objects, &mut fresh, &resource) {
                        continue;
                    }
                    if let Some(ended) = self.look(objects.values().collect())? {
                        return Ok(ended);
                    }
                }
                Ok(None) => return Ok(Ended::TimeIsOver),
                Err(error) => self.note(failure_of(self.client, self.subject, error)?.to_string()),
            }
        }
    }

    /// The kind to watch; one that is not served yet is waited for.
    async fn kind(&mut self) -> Result<Resource> {
        let word = match self.subject {
            Subject::Object(reference) => &reference.kind,
            Subject::Objects(query) => &query.kind,
        };
        loop {
            match resource(self.client, word).await {
                Ok(found) if found.kind == "Service" && self.condition.is_about_endpoints() => {
                    return resource(self.client, "v1/Endpoints").await;
                }
                Ok(found) => return Ok(found),
                Err(error @ Error::NoKind { .. }) if !self.condition.wants_nothing() => self.note(error.to_string()),
                Err(error) => return Err(error),
            }
            sleep(KIND_PAUSE).await;
        }
    }

    fn look(&mut self, objects: Vec<&Value>) -> Result<Option<Ended>> {
        let judged = judge(self.subject, self.condition, &objects)?;
        self.offender = judged.offender.cloned();
        if judged.verdict.holds {
            return Ok(Some(Ended::Holds(judged.counted.into_iter().cloned().collect())));
        }
        let hopeless = judged.verdict.hopeless.filter(|_| self.options.fail_fast.is_some());
        self.note(judged.verdict.seen);
        Ok(hopeless.map(Ended::Hopeless))
    }

    fn note(&mut self, seen: String) {
        if seen != self.seen {
            self.steps.waiting(self.what(), &seen);
            self.seen = seen;
        }
    }

    fn what(&self) -> String {
        format!("{} to be {}", self.subject, self.condition)
    }

    async fn failure(self, hopeless: Option<String>) -> Error {
        let evidence = async {
            match (self.offender.as_ref().filter(|object| kind_of(object) != "Endpoints"), self.subject) {
                (Some(object), _) => evidence_of(self.client, object).await,
                (None, Subject::Object(reference)) => evidence(self.client, reference).await,
                (None, Subject::Objects(_)) => Evidence::default(),
            }
        };
        // Without evidence the failure is still worth telling.
        let evidence = tokio::time::timeout(EVIDENCE_PATIENCE, evidence).await.unwrap_or_default();
        Error::Wait {
            context: self.client.context().to_owned(),
            what: self.what(),
            seen: self.seen,
            hopeless,
            timeout: self.options.timeout,
            evidence: Box::new(evidence),
        }
    }
}

/// The stream of changes to the subject, beginning with all that is there.
fn watch(
    client: &Client,
    subject: &Subject,
    resource: &Resource,
) -> impl futures::Stream<Item = Result<Event<DynamicObject>, watcher::Error>> + Send + use<> {
    let mut config = watcher::Config::default();
    let namespace = match subject {
        Subject::Object(reference) => {
            config = config.fields(&format!("metadata.name={}", reference.name));
            resource.namespaced.then(|| reference.namespace.as_deref().unwrap_or(client.namespace()))
        }
        Subject::Objects(query) => {
            config.label_selector = query.labels.clone();
            config.field_selector = query.fields.clone();
            query.scope(client, resource)
        }
    };
    let kind = resource.for_kube();
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.kube().clone(), namespace, &kind),
        None => Api::all_with(client.kube().clone(), &kind),
    };
    watcher(api, config).default_backoff()
}

type Known = BTreeMap<(String, String), Value>;

/// Take a change in; tells whether what is known is whole, so that it can be looked at.
fn take(event: Event<DynamicObject>, known: &mut Known, fresh: &mut Option<Known>, resource: &Resource) -> bool {
    let key = |object: &Value| (namespace_of(object).unwrap_or_default().to_owned(), name_of(object).to_owned());
    let value = |object: DynamicObject| {
        // What was read as JSON can be written as JSON; a null would be judged as an object without status.
        let mut value = serde_json::to_value(object).unwrap_or_default();
        value["kind"] = json!(resource.kind);
        value["apiVersion"] = json!(resource.api_version());
        value
    };
    match event {
        Event::Init => *fresh = Some(Known::new()),
        Event::InitApply(object) => {
            let object = value(object);
            fresh.get_or_insert_default().insert(key(&object), object);
        }
        Event::InitDone => *known = fresh.take().unwrap_or_default(),
        Event::Apply(object) => {
            let object = value(object);
            known.insert(key(&object), object);
        }
        Event::Delete(object) => {
            known.remove(&key(&value(object)));
        }
    }
    fresh.is_none()
}

/// The error behind a broken watch, when it is one that does not pass.
fn failure_of(client: &Client, subject: &Subject, error: watcher::Error) -> Result<Error> {
    use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
    let source = match error {
        InitialListFailed(source) | WatchStartFailed(source) | WatchFailed(source) => source,
        WatchError(status) => kube::Error::Api(status),
        NoResourceVersion => return Ok(Error::BadReference { reference: subject.to_string() }),
        #[allow(unreachable_patterns)]
        other => return Ok(Error::BadReference { reference: other.to_string() }),
    };
    match failure(client, &subject.to_string(), source) {
        error @ (Error::Forbidden { .. } | Error::Unauthorized { .. } | Error::Invalid { .. }) => Err(error),
        error => Ok(error),
    }
}

struct Judged<'o> {
    verdict: Verdict,
    /// The objects that count.
    counted: Vec<&'o Value>,
    offender: Option<&'o Value>,
}

/// How a subject stands to a condition, given all objects that it selects.
fn judge<'o>(subject: &Subject, condition: &Condition, objects: &[&'o Value]) -> Result<Judged<'o>> {
    if let Subject::Object(_) = subject {
        let object = objects.first().copied();
        let verdict = condition.judge(object)?;
        return Ok(Judged { offender: object.filter(|_| !verdict.holds), verdict, counted: objects.to_vec() });
    }
    let counted: Vec<&Value> =
        objects.iter().copied().filter(|object| condition.wants_nothing() || counts(object)).collect();
    if counted.is_empty() {
        return Ok(Judged { verdict: condition.judge(None)?, counted, offender: objects.first().copied() });
    }
    let verdicts = counted.iter().map(|object| condition.judge(Some(object))).collect::<Result<Vec<_>>>()?;
    let holding = verdicts.iter().filter(|verdict| verdict.holds).count();
    let offending = verdicts.iter().zip(&counted).find(|(verdict, _)| !verdict.holds);
    let seen = match offending {
        Some((verdict, object)) if counted.len() > 1 => {
            format!("{holding} of {}; {}: {}", counted.len(), name_of(object), verdict.seen)
        }
        Some((verdict, object)) => format!("{}: {}", name_of(object), verdict.seen),
        None => format!("{holding} of {}", counted.len()),
    };
    let hopeless = verdicts.iter().find_map(|verdict| verdict.hopeless.clone());
    let offender = offending.map(|(_, object)| *object);
    Ok(Judged { verdict: Verdict { holds: offender.is_none(), seen, hopeless }, counted, offender })
}

/// Pods on their way out and pods that are done say nothing about whether what is wanted runs.
fn counts(object: &Value) -> bool {
    kind_of(object) != "Pod" || !(is_terminating(object) || object["status"]["phase"] == "Succeeded")
}

/// Resolves when a container of the subject's pods could for so long not be started; never, when `patience` is none.
async fn lasting_trouble(client: &Client, subject: &Subject, patience: Option<Timeout>) -> String {
    let Some(patience) = patience else { return std::future::pending().await };
    let mut since: HashMap<String, Instant> = HashMap::new();
    loop {
        sleep(TROUBLE_PAUSE).await;
        let troubles = troubles(client, subject).await;
        since.retain(|pod, _| troubles.iter().any(|(known, _)| known == pod));
        for (pod, trouble) in troubles {
            let start = *since.entry(pod.clone()).or_insert_with(Instant::now);
            if start.elapsed() >= patience.duration() {
                return format!("pod {pod} does not start: {trouble}");
            }
        }
    }
}

async fn troubles(client: &Client, subject: &Subject) -> Vec<(String, String)> {
    // A look that fails is repeated soon; the wait itself tells of a server that does not answer.
    let pods = match subject {
        Subject::Object(reference) => match crate::get::find(client, reference).await {
            Ok(Some(object)) => pods_of(client, &object).await.unwrap_or_default(),
            _ => Vec::new(),
        },
        Subject::Objects(_) => crate::logs::pods_behind(client, subject).await.unwrap_or_default(),
    };
    let lasting = pods.iter().filter(|pod| !is_terminating(pod)).filter_map(|pod| {
        let trouble = trouble(pod).filter(crate::pods::Trouble::is_lasting)?;
        Some((name_of(pod).to_owned(), trouble.headline()))
    });
    lasting.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, ready: bool) -> Value {
        let status = if ready { "True" } else { "False" };
        json!({ "kind": "Pod", "metadata": { "name": name }, "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": status }] } })
    }

    fn seen(condition: &Condition, objects: &[Value]) -> (bool, String) {
        let subject = Subject::Objects(Query::of("pods"));
        let judged = judge(&subject, condition, &objects.iter().collect::<Vec<_>>()).unwrap();
        (judged.verdict.holds, judged.verdict.seen)
    }

    #[test]
    fn of_a_selection_there_must_be_one_and_all_must_do() {
        assert_eq!(seen(&Condition::Ready, &[]), (false, "it does not exist".into()));
        assert_eq!(
            seen(&Condition::Ready, &[pod("a", true), pod("b", false)]),
            (false, "1 of 2; b: it is Running and not ready".into())
        );
        assert_eq!(seen(&Condition::Ready, &[pod("a", true), pod("b", true)]), (true, "2 of 2".into()));
        assert_eq!(seen(&Condition::Deleted, &[]), (true, "it is gone".into()));
        assert_eq!(seen(&Condition::Deleted, &[pod("a", true)]), (false, "a: it is there".into()));
    }

    #[test]
    fn pods_on_their_way_out_do_not_count() {
        let mut leaving = pod("a", false);
        leaving["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
        let mut done = pod("b", false);
        done["status"]["phase"] = json!("Succeeded");
        assert_eq!(seen(&Condition::Ready, &[leaving.clone(), done, pod("c", true)]), (true, "1 of 1".into()));
        assert_eq!(seen(&Condition::Deleted, &[leaving]), (false, "a: it is being deleted".into()));
    }
}

//! Server-side apply of many objects: in phases, side by side within each, trying again what passes by itself.

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, try_join_all},
    stream,
};
use http::{Method, StatusCode};
use meshrun_terms::{Steps, Timeout};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Client, Error,
    condition::Condition,
    error::Result,
    get::read_if_there,
    manifest::Object,
    object::{Reference, Target, is_terminating, kind_of, name_of, namespace_of, resolve_object},
    order::{Phase, phases},
    prune::{remove, undeclared},
    request::{self, Answer, Request},
    retry::{Passing, passing, until_accepted},
    selector::Selector,
    wait::{self, Subject},
};

/// How to apply.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name under which the fields are owned.
    pub field_manager: String,
    /// Whether to take fields over that another manager owns.
    pub force: bool,
    /// The namespace for namespaced objects that name none; else that of the context.
    pub namespace: Option<String>,
    /// Apply only objects with these labels.
    pub selector: Option<String>,
    /// Let the server check everything and change nothing.
    pub dry_run: bool,
    /// What to do about fields that the API does not know.
    pub validation: Validation,
    /// How long refusals that pass by themselves are waited out: kinds just defined, webhooks that do not serve yet.
    pub timeout: Timeout,
    /// How many objects are applied at once.
    pub in_flight: usize,
}

/// What to do about fields that the API does not know, and about fields given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// Refuse the object.
    #[default]
    Strict,
    /// Warn and drop them.
    Warn,
    /// Drop them.
    Ignore,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            field_manager: "meshrun".to_owned(),
            force: false,
            namespace: None,
            selector: None,
            dry_run: false,
            validation: Validation::Strict,
            timeout: Timeout::minutes(2),
            in_flight: 16,
        }
    }
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Its namespace, if it lives in one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What has happened.
    pub action: Action,
}

/// What applying an object did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It did not exist.
    Created,
    /// It was changed.
    Configured,
    /// It was as it should be.
    Unchanged,
}

impl Applied {
    /// The object's name.
    pub fn reference(&self) -> Reference {
        Reference {
            kind: format!("{}/{}", self.api_version, self.kind),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
        }
    }

    fn new(target: &Target, action: Action) -> Self {
        let (namespace, name) = (target.namespace.clone(), target.name.clone());
        Self { api_version: target.resource.api_version(), kind: target.resource.kind.clone(), namespace, name, action }
    }
}

/// Apply objects: namespaces first, then kinds, which are waited for, then the rest. What was created or changed is told to
/// `steps`. Returns what became of each object, in the order of application; a repeat finds all unchanged.
///
/// # Errors
/// The first failure, or [`Error::Several`]; the objects of a phase are all tried, later phases are not. A [`Error::Conflict`] names the
/// manager that owns a field.
pub async fn apply(client: &Client, objects: Vec<Object>, options: &Options, steps: &Steps) -> Result<Vec<Applied>> {
    let objects = selected(objects, options.selector.as_deref())?;
    let plan = Plan::of(&objects);
    let total = objects.len();
    let mut applied = Vec::with_capacity(total);
    for (phase, objects) in phases(objects) {
        let results = apply_side_by_side(client, objects, &plan, options, steps).await;
        let (done, errors): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        applied.extend(done.into_iter().filter_map(Result::ok));
        several("applied", total, errors.into_iter().filter_map(Result::err).collect())?;
        if phase == Phase::Definitions && !options.dry_run {
            established(client, &applied, options.timeout, steps).await?;
        }
    }
    Ok(applied)
}

fn selected(objects: Vec<Object>, selector: Option<&str>) -> Result<Vec<Object>> {
    let Some(selector) = selector else { return Ok(objects) };
    let selector: Selector = selector.parse()?;
    Ok(objects.into_iter().filter(|object| selector.matches(&object.value)).collect())
}

/// One error as itself, more as one.
pub(crate) fn several(verb: &'static str, total: usize, mut errors: Vec<Error>) -> Result<()> {
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        _ => Err(Error::Several { verb, total, errors }),
    }
}

async fn apply_side_by_side(
    client: &Client,
    objects: Vec<Object>,
    plan: &Plan,
    options: &Options,
    steps: &Steps,
) -> Vec<Result<Applied>> {
    // Boxed, so that the compiler sees that the whole is `Send`.
    let task = |object| apply_patiently(client, object, plan, options, steps).boxed();
    let tasks: Vec<BoxFuture<'_, Result<Applied>>> = objects.iter().map(task).collect();
    stream::iter(tasks).buffered(options.in_flight.max(1)).collect().await
}

/// Apply an object, trying again while a refusal may pass.
async fn apply_patiently(
    client: &Client,
    object: &Object,
    plan: &Plan,
    options: &Options,
    steps: &Steps,
) -> Result<Applied> {
    let subject = subject(object);
    let may_pass = |error: &Error| match plan.explains(error, object) {
        true if options.dry_run => Passing::Never,
        true => Passing::WithTime,
        false => passing(error),
    };
    let attempt = || apply_once(client, object, &subject, options, steps);
    let result = until_accepted(&subject, options.timeout, steps, may_pass, attempt).await;
    match result {
        // The server cannot say what it would do with an object whose kind or namespace would first have to be made.
        Err(error) if options.dry_run && plan.explains(&error, object) => Ok(plan.assumed(object)),
        result => result,
    }
}

async fn apply_once(
    client: &Client,
    object: &Object,
    subject: &str,
    options: &Options,
    steps: &Steps,
) -> Result<Applied> {
    let target = resolve_object(client, &object.value, options.namespace.as_deref()).await?;
    let before = read_if_there(client, &target).await?;
    if before.as_ref().is_some_and(is_terminating) {
        return Err(being_deleted(client, subject));
    }
    let answer = send(client, &target, &object.value, subject, options, steps).await?;
    for warning in &answer.warnings {
        steps.warning(format!("{subject}: {warning}"));
    }
    let after = answer.json(client, subject)?;
    let action = action(before.as_ref(), &after, &answer, &options.field_manager);
    if !options.dry_run {
        tell(client, &target, action, steps);
    }
    Ok(Applied::new(&target, action))
}

/// Send the apply. For kinds of Kubernetes' own, the server refuses unknown fields whatever the validation; unless that is
/// strict, they are left out and it is sent again.
async fn send(
    client: &Client,
    target: &Target,
    object: &Value,
    subject: &str,
    options: &Options,
    steps: &Steps,
) -> Result<Answer> {
    let error = match request::send(client, &patch(target, object, subject, options)).await {
        Err(error) if options.validation != Validation::Strict => error,
        answer => return answer,
    };
    let message = error.status().map_or("", |status| status.message.as_str());
    let unknown = undeclared(message);
    let mut pruned = object.clone();
    if unknown.is_empty() || !unknown.iter().all(|path| remove(&mut pruned, path)) {
        return Err(error);
    }
    if options.validation == Validation::Warn {
        for path in &unknown {
            steps.warning(format!("{subject}: unknown field \"{}\"", path.trim_start_matches('.')));
        }
    }
    request::send(client, &patch(target, &pruned, subject, options)).await
}

fn patch(target: &Target, object: &Value, subject: &str, options: &Options) -> Request {
    let validation = match options.validation {
        Validation::Strict => "Strict",
        Validation::Warn => "Warn",
        Validation::Ignore => "Ignore",
    };
    let mut object = object.clone();
    if let Some(namespace) = &target.namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    // A manifest that was read from a cluster carries these; an apply must not.
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for key in ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"] {
            metadata.remove(key);
        }
    }
    let force = if options.force { "true" } else { "false" };
    Request::new(Method::PATCH, target.path(), subject)
        .query("fieldManager", options.field_manager.as_str())
        .query("force", force)
        .query("fieldValidation", validation)
        .query_if("dryRun", options.dry_run.then_some("All"))
        // JSON is YAML; the server takes an apply under this name only.
        .body("application/apply-patch+yaml", object.to_string().into_bytes())
}

/// The object in words, with its place: `deployment shop/web (web.yaml:12)`.
fn subject(object: &Object) -> String {
    let reference = Reference::of(&object.value);
    if object.origin.name.is_empty() { reference.to_string() } else { format!("{reference} ({})", object.origin) }
}

fn being_deleted(client: &Client, subject: &str) -> Error {
    let status = request::Status::failure("it is being deleted", "Conflict").with_code(409);
    Error::Refused { context: client.context().to_owned(), subject: subject.to_owned(), status: Box::new(status) }
}

fn action(before: Option<&Value>, after: &Value, answer: &Answer, manager: &str) -> Action {
    match before {
        _ if answer.code == StatusCode::CREATED => Action::Created,
        None => Action::Created,
        Some(before) if is_same(before, after, manager) => Action::Unchanged,
        Some(_) => Action::Configured,
    }
}

/// Whether an apply left an object alone. An equal resource version proves it. Otherwise it may be that only somebody else
/// has written in between, mostly its status: then everything but status and bookkeeping is compared.
fn is_same(before: &Value, after: &Value, manager: &str) -> bool {
    if before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"] && !before["metadata"].is_null() {
        return true;
    }
    essence(before, manager) == essence(after, manager)
}

/// An object without what changes by itself; of the bookkeeping only which fields `manager` owns is kept.
fn essence(object: &Value, manager: &str) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let managed = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let own: Vec<Value> = managed
        .filter(|entry| entry["manager"] == manager && entry["operation"] == "Apply")
        .map(|entry| without_empty_maps(entry["fieldsV1"].clone()))
        .collect();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
        metadata.remove("generation");
        metadata.insert("managedFields".to_owned(), Value::Array(own));
    }
    object
}

/// Owned fields without the ownership of labels or annotations of which none is owned: an apply of an empty map has it only from the time on
/// when somebody else has put something there.
fn without_empty_maps(mut fields: Value) -> Value {
    let Some(all) = fields.as_object_mut() else { return fields };
    if let Some(metadata) = all.get_mut("f:metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, owned| !matches!(key.as_str(), "f:annotations" | "f:labels") || *owned != json!({}));
    }
    all.retain(|key, owned| key != "f:metadata" || *owned != json!({}));
    fields
}

fn tell(client: &Client, target: &Target, action: Action, steps: &Steps) {
    let context = client.context();
    match action {
        Action::Created => steps.changed(format!("created {target} in {context}")),
        Action::Configured => steps.changed(format!("configured {target} in {context}")),
        Action::Unchanged => {}
    }
}

async fn established(client: &Client, applied: &[Applied], timeout: Timeout, steps: &Steps) -> Result<()> {
    let options = wait::Options { timeout, ..wait::Options::default() };
    let definitions: Vec<Subject> = applied
        .iter()
        .filter(|object| object.kind == "CustomResourceDefinition")
        .map(|definition| Subject::Object(definition.reference()))
        .collect();
    let is_served = |subject| wait::wait(client, subject, &Condition::Established, &options, steps);
    try_join_all(definitions.iter().map(is_served)).await.map(drop)
}

/// What the manifest itself will bring, by which a refusal explains itself.
struct Plan {
    /// Group and kind of each definition, with whether its objects live in namespaces.
    kinds: Vec<(String, String, bool)>,
    namespaces: Vec<String>,
}

impl Plan {
    fn of(objects: &[Object]) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of_kind = |kind: &'static str| {
            objects.iter().map(|object| &object.value).filter(move |object| kind_of(object) == kind)
        };
        let definitions = of_kind("CustomResourceDefinition").map(|definition| &definition["spec"]);
        Self {
            kinds: definitions
                .map(|spec| (text(&spec["group"]), text(&spec["names"]["kind"]), spec["scope"] == "Namespaced"))
                .collect(),
            namespaces: of_kind("Namespace").map(|namespace| name_of(namespace).to_owned()).collect(),
        }
    }

    /// Whether the object was refused because its kind or namespace, which the manifest makes, is not there yet.
    fn explains(&self, error: &Error, object: &Object) -> bool {
        let (group, kind) = (group_of(&object.value), kind_of(&object.value));
        let defines = self.kinds.iter().any(|(g, k, _)| g == group && k == kind);
        let makes_namespace = namespace_of(&object.value).is_some_and(|name| self.namespaces.iter().any(|n| n == name));
        match error {
            Error::NoKind { .. } => defines,
            Error::Refused { status, .. } if status.code == 404 => {
                defines || (makes_namespace && status.message.contains("namespaces"))
            }
            _ => false,
        }
    }

    /// What a dry run says about an object that the server cannot judge yet.
    fn assumed(&self, object: &Object) -> Applied {
        let (group, kind) = (group_of(&object.value), kind_of(&object.value));
        let api_version = object.value["apiVersion"].as_str().unwrap_or_default();
        let namespaced =
            self.kinds.iter().find(|(g, k, _)| g == group && k == kind).is_none_or(|(.., namespaced)| *namespaced);
        Applied {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace_of(&object.value).filter(|_| namespaced).map(str::to_owned),
            name: name_of(&object.value).to_owned(),
            action: Action::Created,
        }
    }
}

fn group_of(object: &Value) -> &str {
    object["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group)
}

/// Apply one object, by name of its resource, without phases: what the other functions of this crate write with.
pub(crate) async fn apply_value(client: &Client, value: Value, options: &Options, steps: &Steps) -> Result<Applied> {
    let object = Object { value, origin: crate::manifest::Origin::default() };
    let plan = Plan::of(std::slice::from_ref(&object));
    apply_patiently(client, &object, &plan, options, steps).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(version: &str, replicas: u32, ready: u32, owned: Value) -> Value {
        json!({
            "metadata": { "name": "a", "resourceVersion": version, "generation": 1, "managedFields": [
                { "manager": "meshrun", "operation": "Apply", "time": version, "fieldsV1": owned },
                { "manager": "controller", "operation": "Update", "time": version, "fieldsV1": { "x": version } },
            ] },
            "spec": { "replicas": replicas }, "status": { "ready": ready },
        })
    }

    #[test]
    fn a_status_written_in_between_is_no_change_of_ours() {
        let owned = json!({ "f:spec": {} });
        let before = object("1", 1, 0, owned.clone());
        assert!(is_same(&before, &object("1", 1, 0, owned.clone()), "meshrun"));
        assert!(is_same(&before, &object("2", 1, 1, owned.clone()), "meshrun"));
        assert!(!is_same(&before, &object("2", 2, 0, owned), "meshrun"));
        assert!(!is_same(&before, &object("2", 1, 0, json!({ "f:spec": { "f:replicas": {} } })), "meshrun"));
    }

    #[test]
    fn owning_an_empty_map_is_no_change() {
        let before = object("1", 1, 0, json!({ "f:spec": {} }));
        let after = |annotations: Value| {
            object("2", 1, 0, json!({ "f:metadata": { "f:annotations": annotations }, "f:spec": {} }))
        };
        assert!(is_same(&before, &after(json!({})), "meshrun"));
        assert!(!is_same(&before, &after(json!({ "f:a": {} })), "meshrun"));
    }

    #[test]
    fn the_manifest_explains_what_it_will_bring_itself() {
        let text = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.x.io}
spec: {group: x.io, scope: Namespaced, names: {kind: Pool}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: x.io/v1
kind: Pool
metadata: {name: a, namespace: shop}
---
apiVersion: y.io/v1
kind: Pool
metadata: {name: a}
";
        let objects = crate::manifest::parse(text, "x.yaml").unwrap();
        let plan = Plan::of(&objects);
        let no_kind = Error::NoKind { context: "a".into(), kind: "Pool".into(), nearest: None };
        assert!(plan.explains(&no_kind, &objects[2]));
        assert!(!plan.explains(&no_kind, &objects[3]));
        let status = Box::new(request::Status::failure("namespaces \"shop\" not found", "NotFound").with_code(404));
        let no_namespace = Error::Refused { context: "a".into(), subject: "b".into(), status };
        assert!(plan.explains(&no_namespace, &objects[2]));
        assert_eq!(plan.assumed(&objects[2]).namespace.as_deref(), Some("shop"));
        assert_eq!(subject(&objects[2]), "pool shop/a (x.yaml:11)");
    }
}

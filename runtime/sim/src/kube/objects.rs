//! Reading and writing objects over HTTP.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{
    admission,
    answer::{self, Answer},
    call::{Call, Target},
    cluster::Cluster,
    convert, discovery,
    kinds::Resource,
    managed, object, schema,
    select::Selector,
    status::Status,
    store::Object,
    strategic, subresources, table, watch,
    write::{Owner, Write},
};

/// Keys of the query that mean something.
const KNOWN: [&str; 19] = [
    "pretty",
    "dryRun",
    "fieldManager",
    "fieldValidation",
    "force",
    "labelSelector",
    "fieldSelector",
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "watch",
    "allowWatchBookmarks",
    "timeoutSeconds",
    "sendInitialEvents",
    "includeObject",
    "gracePeriodSeconds",
    "propagationPolicy",
    "timeout",
];

/// How often a patch is tried again when somebody else writes in between.
const TRIES: usize = 5;

/// Answer a request for objects.
pub(super) async fn answer(cluster: &Arc<Cluster>, call: &Call, target: &Target) -> Result<Answer, Status> {
    if let Some((key, _)) = call.query.iter().find(|(key, _)| !KNOWN.contains(&key.as_str())) {
        return Err(cluster.unknown(format!("{} {}: query {key}", call.method, call.path)));
    }
    let known = cluster.registry.known(&cluster.store);
    let Some(resource) = known.find(&target.group, &target.version, &target.plural) else {
        return missing(cluster, call, target);
    };
    let form = table::Form::of(call.header("accept"))?;
    if !target.subresource.is_empty() && !resource.subresources.contains(&target.subresource) {
        return Err(discovery::not_here());
    }
    if !matches!(target.subresource.as_str(), "" | "status") {
        return subresources::answer(cluster, known.clone(), resource, call, target);
    }
    let namespace = target.namespace.as_deref().filter(|_| resource.namespaced);
    let verb = call.verb(Some(target));
    let names_new = verb == "create" && target.name.is_some() && target.subresource.is_empty();
    if names_new {
        return Err(Status::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ));
    }
    if !resource.verbs.iter().any(|one| one == verb)
        || resource.namespaced && namespace.is_none() && matches!(verb, "create" | "deletecollection")
    {
        return Err(Status::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ));
    }
    let name = target.name.as_deref().unwrap_or_default();
    match verb {
        "list" => list(cluster, resource, call, namespace, form),
        "watch" => watch::answer(cluster.clone(), resource.clone(), call, namespace, target.name.as_deref(), form),
        "get" => {
            let found = find(cluster, resource, namespace, name)?;
            Ok(answer::json(200, &form.one(cluster, resource, shown(&found, resource))))
        }
        "deletecollection" => delete_all(cluster, known.clone(), resource, call, namespace),
        "delete" => delete(cluster, known.clone(), resource, call, namespace, name),
        verb => {
            let mut write = Write::new(cluster, known.clone(), resource, call, namespace, &target.subresource)?;
            let (code, value) = match verb {
                "create" => (201, create(&mut write, call)?),
                "update" => (200, update(&mut write, call, name)?),
                _ => patch(&mut write, call, name)?,
            };
            write.warnings.extend(deprecation(&write));
            Ok(answer::warned(answer::json(code, &form.one(cluster, resource, value)), &write.warnings))
        }
    }
}

/// What is not there: in a group of the server's own it says so as a status, elsewhere nobody is there to say it.
fn missing(cluster: &Cluster, call: &Call, target: &Target) -> Result<Answer, Status> {
    let known = super::kinds::built_in();
    if known.iter().any(|one| one.group == target.group && one.version == target.version) {
        return Err(discovery::not_here());
    }
    let simulated_group = known.iter().any(|one| one.group == target.group) || !target.group.ends_with(".k8s.io");
    if simulated_group {
        return Ok(answer::text(404, "404 page not found\n"));
    }
    Err(cluster.unknown(format!("{} {}", call.method, call.path)))
}

fn deprecation(write: &Write<'_>) -> Option<String> {
    let (_, version) = write.known.definition(write.resource)?;
    if version["deprecated"] != true {
        return None;
    }
    let text = version["deprecationWarning"].as_str().map(str::to_owned);
    Some(text.unwrap_or_else(|| format!("{} {} is deprecated", write.resource.api_version(), write.resource.kind)))
}

/// An object in the version of a request.
pub(super) fn shown(stored: &Object, resource: &Resource) -> Value {
    let mut value = (**stored).clone();
    convert::from_stored(&mut value, resource);
    value
}

/// The object, or the refusal that there is none.
pub(super) fn find(
    cluster: &Cluster,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Object, Status> {
    let found = cluster.store.get((&resource.api_version(), &resource.kind), namespace, name);
    found.ok_or_else(|| Status::not_found(&resource.qualified(), name))
}

/// The body of a request, JSON or YAML.
pub(super) fn read(call: &Call) -> Result<Value, Status> {
    if call.body.is_empty() {
        return Err(Status::bad_request("Required body is missing"));
    }
    let content_type = call.header("content-type").split(';').next().unwrap_or_default().trim().to_owned();
    match content_type.as_str() {
        "application/vnd.kubernetes.protobuf" => {
            let message = "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml";
            Err(Status::new(415, "UnsupportedMediaType", message))
        }
        "application/yaml" | "application/apply-patch+yaml" => serde_yaml::from_slice(&call.body)
            .map_err(|error| Status::bad_request(format!("error decoding YAML: {error}"))),
        _ => serde_json::from_slice(&call.body).map_err(|error| {
            Status::bad_request(format!("the object provided is unrecognized (must be of type {}): {error}", call.path))
        }),
    }
}

fn list(
    cluster: &Cluster,
    resource: &Resource,
    call: &Call,
    namespace: Option<&str>,
    form: table::Form,
) -> Result<Answer, Status> {
    let selector = selector(call, resource)?;
    let (revision, all) = cluster.store.list_at((&resource.api_version(), &resource.kind), namespace);
    let mut items: Vec<Object> = all.into_iter().filter(|one| selector.matches(one)).collect();
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if let Some(after) = call.query("continue").filter(|after| !after.is_empty()) {
        let after = decode_continue(after)?;
        items.retain(|one| place(one) > after);
    }
    if let Some(limit) = call.number("limit")?.filter(|limit| *limit > 0 && (items.len() as u64) > *limit) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        metadata["continue"] = encode_continue(&items[limit - 1]).into();
        metadata["remainingItemCount"] = (items.len() - limit).into();
        items.truncate(limit);
    }
    let items: Vec<Value> = items.iter().map(|one| shown(one, resource)).collect();
    Ok(answer::json(200, &form.list(cluster, resource, items, metadata)))
}

pub(super) fn selector(call: &Call, resource: &Resource) -> Result<Selector, Status> {
    Selector::parse(
        call.query("labelSelector").unwrap_or_default(),
        call.query("fieldSelector").unwrap_or_default(),
        resource,
    )
}

fn place(value: &Value) -> (String, String) {
    (object::namespace(value).unwrap_or_default().to_owned(), object::name(value).to_owned())
}

fn encode_continue(last: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let (namespace, name) = place(last);
    URL_SAFE_NO_PAD.encode(format!("{namespace}/{name}"))
}

fn decode_continue(text: &str) -> Result<(String, String), Status> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let refuse = || Status::bad_request("continue key is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
    let text = String::from_utf8(bytes).map_err(|_| refuse())?;
    text.split_once('/').map(|(namespace, name)| (namespace.to_owned(), name.to_owned())).ok_or_else(refuse)
}

fn create(write: &mut Write<'_>, call: &Call) -> Result<Value, Status> {
    let mut value = read(call)?;
    write.check(&mut value)?;
    write.form(&mut value, None)?;
    write.create(value, &Owner::Update)
}

fn update(write: &mut Write<'_>, call: &Call, name: &str) -> Result<Value, Status> {
    let mut value = read(call)?;
    write.check(&mut value)?;
    write.form(&mut value, None)?;
    check_name(&mut value, name)?;
    let Some((live, _)) = write.live(name) else {
        return Err(Status::not_found(&write.resource.qualified(), name));
    };
    if write.resource.custom && object::text(&value, "/metadata/resourceVersion").is_empty() {
        let cause = super::status::Cause {
            reason: "FieldValueInvalid",
            message: "Invalid value: 0x0: must be specified for an update".to_owned(),
            field: "metadata.resourceVersion".to_owned(),
        };
        return Err(Status::invalid(&write.resource.qualified_kind(), name, &[cause]));
    }
    write.update(value, &live, &Owner::Update)
}

fn check_name(value: &mut Value, name: &str) -> Result<(), Status> {
    let found = object::name(value).to_owned();
    if found.is_empty() {
        object::metadata_mut(value).insert("name".to_owned(), name.into());
    } else if found != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({found}) does not match the name on the URL ({name})"
        )));
    }
    Ok(())
}

fn patch(write: &mut Write<'_>, call: &Call, name: &str) -> Result<(u16, Value), Status> {
    let content_type = call.header("content-type").split(';').next().unwrap_or_default().trim().to_owned();
    if content_type == "application/apply-patch+yaml" {
        return apply(write, call, name);
    }
    let change = Change::read(&content_type, call, write)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let Some((live, value)) = write.live(name) else {
            return Err(Status::not_found(&write.resource.qualified(), name));
        };
        let mut patched = change.apply(value.clone(), write)?;
        if object::name(&patched) != name {
            return Err(Status::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({name})",
                object::name(&patched)
            )));
        }
        write.check(&mut patched)?;
        let shown = write.resource.custom.then(|| patched.to_string());
        write.form(&mut patched, shown.as_deref())?;
        let names_version = change.names_version();
        match write.update(patched, &live, &Owner::Update) {
            Err(status) if status.reason == "Conflict" && !names_version && tries < TRIES => {}
            result => return result.map(|value| (200, value)),
        }
    }
}

/// A change of an object in one of the forms of patches.
enum Change {
    Json(json_patch::Patch),
    Merge(Value),
    Strategic(Value),
}

impl Change {
    fn read(content_type: &str, call: &Call, write: &Write<'_>) -> Result<Self, Status> {
        let malformed = |error: serde_json::Error| Status::bad_request(format!("error decoding patch: {error}"));
        match content_type {
            "application/json-patch+json" => serde_json::from_slice(&call.body).map(Self::Json).map_err(malformed),
            "application/merge-patch+json" => serde_json::from_slice(&call.body).map(Self::Merge).map_err(malformed),
            "application/strategic-merge-patch+json" if !write.resource.custom => {
                serde_json::from_slice(&call.body).map(Self::Strategic).map_err(malformed)
            }
            _ => {
                let known = if write.resource.custom {
                    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                } else {
                    "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
                };
                let message =
                    format!("the body of the request was in an unknown format - accepted media types include: {known}");
                Err(Status::new(415, "UnsupportedMediaType", message))
            }
        }
    }

    fn apply(&self, mut value: Value, write: &Write<'_>) -> Result<Value, Status> {
        match self {
            Self::Json(patch) => json_patch::patch(&mut value, patch).map_err(|_| {
                // A real server keeps the reason to itself, too.
                let text = "the server rejected our request due to an error in our request";
                let mut status = Status::new(422, "Invalid", text);
                status.details = Some(json!({}));
                status
            })?,
            Self::Merge(patch) => object::merge(&mut value, patch),
            Self::Strategic(patch) => strategic::merge(&mut value, patch, schema::of(&write.known, write.resource)),
        }
        Ok(value)
    }

    fn names_version(&self) -> bool {
        match self {
            Self::Json(_) => false,
            Self::Merge(patch) | Self::Strategic(patch) => patch.pointer("/metadata/resourceVersion").is_some(),
        }
    }
}

fn apply(write: &mut Write<'_>, call: &Call, name: &str) -> Result<(u16, Value), Status> {
    if call.query("fieldManager").is_none_or(str::is_empty) {
        let message =
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        return Err(Status::new(422, "Invalid", message));
    }
    let mut applied = read(call)?;
    let namespace = object::namespace(&applied).map(str::to_owned);
    write.check(&mut applied)?;
    check_name(&mut applied, name)?;
    if applied["metadata"]
        .get("managedFields")
        .is_some_and(|fields| fields.as_array().is_some_and(|all| !all.is_empty()))
    {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    write.applied_form(&applied, namespace.as_deref())?;
    let mut tries = 0;
    loop {
        tries += 1;
        let known = write.known.clone();
        let schema = schema::of(&known, write.resource);
        let manager = write.manager("Apply");
        let Some((live, value)) = write.live(name) else {
            let merged = managed::apply(&Value::Null, &applied, schema, &manager, true)?;
            return write.create(merged, &Owner::Applied).map(|value| (201, value));
        };
        let wanted = applied.pointer("/metadata/uid").filter(|uid| **uid != live["metadata"]["uid"]);
        if let Some(uid) = wanted {
            let why = format!(
                "uid mismatch: the provided object specified uid {}, and the actual object has {}",
                uid.as_str().unwrap_or_default(),
                object::text(&live, "/metadata/uid")
            );
            return Err(Status::conflict_because(&write.resource.qualified(), name, &why));
        }
        let merged = managed::apply(&value, &applied, schema, &manager, call.is_set("force"))?;
        match write.update(merged, &live, &Owner::Applied) {
            Err(status)
                if status.reason == "Conflict"
                    && tries < TRIES
                    && applied.pointer("/metadata/resourceVersion").is_none() => {}
            result => return result.map(|value| (200, value)),
        }
    }
}

/// How an object is to be deleted.
#[derive(Debug, Default)]
struct Deletion {
    grace: Option<u64>,
    policy: String,
    uid: Option<String>,
    version: Option<String>,
    dry_run: bool,
}

impl Deletion {
    fn read(call: &Call) -> Result<Self, Status> {
        let body = if call.body.is_empty() { json!({}) } else { read(call)? };
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let policy = call.query("propagationPolicy").map(str::to_owned).or_else(|| text("/propagationPolicy"));
        let orphan = body["orphanDependents"] == true;
        let policy = policy.unwrap_or_else(|| if orphan { "Orphan".to_owned() } else { "Background".to_owned() });
        if !["Background", "Foreground", "Orphan"].contains(&policy.as_str()) {
            let message = format!(
                "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"{policy}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            return Err(Status::new(422, "Invalid", message));
        }
        Ok(Self {
            grace: call.number("gracePeriodSeconds")?.or_else(|| body["gracePeriodSeconds"].as_u64()),
            policy,
            uid: text("/preconditions/uid"),
            version: text("/preconditions/resourceVersion"),
            dry_run: call.query("dryRun") == Some("All")
                || body["dryRun"].as_array().is_some_and(|all| !all.is_empty()),
        })
    }
}

fn delete(
    cluster: &Cluster,
    known: Arc<super::registry::Known>,
    resource: &Resource,
    call: &Call,
    namespace: Option<&str>,
    name: &str,
) -> Result<Answer, Status> {
    let deletion = Deletion::read(call)?;
    let found = find(cluster, resource, namespace, name)?;
    let write = Write::new(cluster, known, resource, &Call { query: Vec::new(), ..call.clone() }, namespace, "")?;
    admission::ask(&write, "DELETE", &shown(&found, resource))?;
    let left = delete_one(cluster, resource, &found, &deletion)?;
    let returns_object = matches!(
        resource.kind.as_str(),
        "Pod"
            | "Service"
            | "ServiceAccount"
            | "Namespace"
            | "PersistentVolumeClaim"
            | "PersistentVolume"
            | "ResourceQuota"
            | "PodTemplate"
    );
    if left.is_some() || resource.group.is_empty() && returns_object {
        let value = shown(left.as_ref().unwrap_or(&found), resource);
        return Ok(answer::json(200, &value));
    }
    let mut details = json!({ "name": name, "kind": resource.plural, "uid": found["metadata"]["uid"] });
    if !resource.group.is_empty() {
        details["group"] = resource.group.as_str().into();
    }
    Ok(answer::json(
        200,
        &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details }),
    ))
}

/// Delete an object. Returns what is left of it for a while.
fn delete_one(
    cluster: &Cluster,
    resource: &Resource,
    found: &Object,
    deletion: &Deletion,
) -> Result<Option<Object>, Status> {
    let (namespace, name) = (object::namespace(found), object::name(found));
    let kind = (resource.api_version(), resource.kind.clone());
    let kind = (kind.0.as_str(), kind.1.as_str());
    for (wanted, pointer, word, fate) in [
        (&deletion.uid, "/metadata/uid", "UID", "deleted and then recreated"),
        (&deletion.version, "/metadata/resourceVersion", "ResourceVersion", "modified"),
    ] {
        let present = object::text(found, pointer);
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != present) {
            let why = format!(
                "the {word} in the precondition ({wanted}) does not match the {word} in record ({present}). The object might have been {fate}"
            );
            return Err(Status::conflict_because(&resource.qualified_kind(), name, &why));
        }
    }
    if resource.kind == "Namespace" && ["default", "kube-system", "kube-public"].contains(&name) {
        return Err(Status::forbidden(format!(
            "namespaces \"{name}\" is forbidden: this namespace may not be deleted"
        ))
        .about("namespaces", name));
    }
    if deletion.dry_run {
        return Ok(None);
    }
    match deletion.policy.as_str() {
        "Foreground" => {
            cluster.store.modify(kind, namespace, name, |value| add_finalizer(value, "foregroundDeletion"))?;
        }
        "Orphan" => orphan(cluster, object::text(found, "/metadata/uid")),
        _ => {}
    }
    let grace = match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") if !object::text(found, "/spec/nodeName").is_empty() => {
            let usual = found["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
            // Whose containers have ended needs no time.
            let is_over = matches!(object::text(found, "/status/phase"), "Succeeded" | "Failed");
            if is_over { 0 } else { deletion.grace.unwrap_or(usual) }
        }
        _ => 0,
    };
    let is_forced = deletion.grace == Some(0);
    if grace > 0 && !is_forced {
        return cluster.store.terminate(kind, namespace, name, grace).map(Some);
    }
    cluster.store.delete(kind, namespace, name)?;
    Ok(cluster.store.get(kind, namespace, name).filter(|left| left["metadata"]["uid"] == found["metadata"]["uid"]))
}

fn add_finalizer(value: &mut Value, name: &str) {
    let finalizers = object::metadata_mut(value).entry("finalizers").or_insert_with(|| json!([]));
    if let Value::Array(all) = finalizers
        && !all.iter().any(|one| one == name)
    {
        all.push(name.into());
    }
}

/// What an owner leaves behind has no owner any more.
fn orphan(cluster: &Cluster, uid: &str) {
    for (api_version, kind) in cluster.store.kinds() {
        for one in cluster.store.list((&api_version, &kind), None) {
            let owners = one["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            if owners.into_iter().any(|owner| owner["uid"] == uid) {
                // What is gone meanwhile has no owner either.
                let _ =
                    cluster.store.modify((&api_version, &kind), object::namespace(&one), object::name(&one), |value| {
                        if let Some(Value::Array(all)) = object::metadata_mut(value).get_mut("ownerReferences") {
                            all.retain(|owner| owner["uid"] != uid);
                        }
                    });
            }
        }
    }
}

fn delete_all(
    cluster: &Cluster,
    known: Arc<super::registry::Known>,
    resource: &Resource,
    call: &Call,
    namespace: Option<&str>,
) -> Result<Answer, Status> {
    let deletion = Deletion::read(call)?;
    let selector = selector(call, resource)?;
    let write = Write::new(cluster, known, resource, &Call { query: Vec::new(), ..call.clone() }, namespace, "")?;
    let all = cluster.store.list((&resource.api_version(), &resource.kind), namespace);
    let mut deleted = Vec::new();
    for one in all.iter().filter(|one| selector.matches(one)) {
        admission::ask(&write, "DELETE", &shown(one, resource))?;
        delete_one(cluster, resource, one, &deletion)?;
        deleted.push(shown(one, resource));
    }
    let form = table::Form::Plain;
    let metadata = json!({ "resourceVersion": cluster.store.revision().to_string() });
    Ok(answer::json(200, &form.list(cluster, resource, deleted, metadata)))
}

/// Delete a pod for an eviction.
pub(super) fn evict(
    cluster: &Cluster,
    resource: &Resource,
    found: &Object,
    grace: Option<u64>,
    dry_run: bool,
) -> Result<(), Status> {
    let deletion = Deletion { grace, dry_run, policy: "Background".to_owned(), ..Deletion::default() };
    delete_one(cluster, resource, found, &deletion).map(drop)
}

/// Whether a method only reads.
pub(super) fn reads(call: &Call) -> bool {
    call.method == Method::GET
}

impl Cluster {
    /// Create an object as its administrator does through the API: with defaults, admission and validation. Returns it as it is then.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn create(&self, value: Value) -> Result<Value, Status> {
        self.as_administrator(value, |write, value, _| write.create(value, &Owner::Update))
    }

    /// Make an object be as it is given, as its administrator does with `kubectl apply --server-side --force-conflicts`.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn apply(&self, value: Value) -> Result<Value, Status> {
        self.as_administrator(value, |write, applied, name| {
            write.applied_form(&applied, object::namespace(&applied))?;
            let known = write.known.clone();
            let schema = schema::of(&known, write.resource);
            let manager = write.manager("Apply");
            let Some((live, value)) = write.live(name) else {
                let merged = managed::apply(&Value::Null, &applied, schema, &manager, true)?;
                return write.create(merged, &Owner::Applied);
            };
            let merged = managed::apply(&value, &applied, schema, &manager, true)?;
            write.update(merged, &live, &Owner::Applied)
        })
    }

    fn as_administrator(
        &self,
        mut value: Value,
        act: impl Fn(&mut Write<'_>, Value, &str) -> Result<Value, Status>,
    ) -> Result<Value, Status> {
        let known = self.registry.known(&self.store);
        let (api_version, kind) = (object::text(&value, "/apiVersion"), object::text(&value, "/kind"));
        let Some(resource) = known.find_kind(api_version, kind) else {
            return Err(Status::new(
                404,
                "NotFound",
                format!("no matches for kind \"{kind}\" in version \"{api_version}\""),
            ));
        };
        let namespace = object::namespace(&value).unwrap_or("default").to_owned();
        let query = vec![("fieldManager".to_owned(), "kubectl".to_owned())];
        let call = Call {
            method: Method::POST,
            path: String::new(),
            query,
            headers: http::HeaderMap::new(),
            user: super::User::admin(),
            body: bytes::Bytes::new(),
        };
        let mut write = Write::new(self, known.clone(), resource, &call, Some(&namespace), "")?;
        write.check(&mut value)?;
        let name = object::name(&value).to_owned();
        act(&mut write, value, &name)
    }
}

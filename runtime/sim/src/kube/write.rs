//! What happens to an object on its way into the store: its form is looked at, it is filled in, admitted, judged, and its owners are noted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    admission,
    call::Call,
    check,
    cluster::Cluster,
    convert, custom, defaults, definitions,
    kinds::Resource,
    managed::{self, Manager},
    object,
    registry::Known,
    schema,
    status::{Cause, Status},
    store::Object,
    validate,
};

/// A write of one object.
pub(super) struct Write<'w> {
    pub(super) cluster: &'w Cluster,
    pub(super) known: Arc<Known>,
    pub(super) resource: &'w Resource,
    pub(super) namespace: Option<String>,
    pub(super) subresource: String,
    pub(super) dry_run: bool,
    validation: Validation,
    manager: String,
    /// What to warn of.
    pub(super) warnings: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Validation {
    Strict,
    Warn,
    Ignore,
}

impl<'w> Write<'w> {
    pub(super) fn new(
        cluster: &'w Cluster,
        known: Arc<Known>,
        resource: &'w Resource,
        call: &Call,
        namespace: Option<&str>,
        subresource: &str,
    ) -> Result<Self, Status> {
        let validation = match call.query("fieldValidation") {
            None | Some("" | "Warn") => Validation::Warn,
            Some("Strict") => Validation::Strict,
            Some("Ignore") => Validation::Ignore,
            Some(other) => {
                let message = format!(
                    "fieldValidation: Invalid value: \"{other}\": fieldValidation parameter only supports values \"Ignore\", \"Warn\", or \"Strict\""
                );
                return Err(Status::bad_request(message));
            }
        };
        let dry_run = match call.query("dryRun") {
            None | Some("") => false,
            Some("All") => true,
            Some(other) => {
                let message = format!("dryRun: Unsupported value: \"{other}\": supported values: \"All\"");
                return Err(Status::new(422, "Invalid", message));
            }
        };
        Ok(Self {
            cluster,
            known,
            resource,
            namespace: namespace.filter(|_| resource.namespaced).map(str::to_owned),
            subresource: subresource.to_owned(),
            dry_run,
            validation,
            manager: call.manager(),
            warnings: Vec::new(),
        })
    }

    /// The object that is there, in the version of the request.
    pub(super) fn live(&self, name: &str) -> Option<(Object, Value)> {
        let kind = (self.resource.api_version(), self.resource.kind.clone());
        let live = self.cluster.store.get((&kind.0, &kind.1), self.namespace.as_deref(), name)?;
        let mut value = (*live).clone();
        convert::from_stored(&mut value, self.resource);
        Some((live, value))
    }

    /// Look at the form of an object that a client sends.
    pub(super) fn check(&mut self, value: &mut Value) -> Result<(), Status> {
        let (wanted, kind) = (self.resource.api_version(), &self.resource.kind);
        if !value.is_object() {
            return Err(Status::bad_request("the object provided is unrecognized: expected a map"));
        }
        let (found, found_kind) =
            (object::text(value, "/apiVersion").to_owned(), object::text(value, "/kind").to_owned());
        if found_kind.is_empty() || found.is_empty() {
            // Whoever leaves them out means what the path names.
            object::map_mut(value).insert("apiVersion".to_owned(), wanted.clone().into());
            object::map_mut(value).insert("kind".to_owned(), kind.clone().into());
        } else if found != wanted {
            let message =
                format!("the API version in the data ({found}) does not match the expected API version ({wanted})");
            return Err(Status::bad_request(message));
        } else if found_kind != *kind {
            return Err(Status::bad_request(format!(
                "{found_kind} in version \"{}\" cannot be handled as a {kind}: converting ({found_kind}) to ({kind}): unknown conversion",
                self.resource.version
            )));
        }
        self.set_namespace(value)
    }

    /// Look for fields that nobody knows and values of a wrong type; unknown fields are taken out. Whoever has sent a patch is told what came of it.
    pub(super) fn form(&mut self, value: &mut Value, patched: Option<&str>) -> Result<(), Status> {
        let (version, kind) = (self.resource.version.clone(), self.resource.kind.clone());
        let cannot = |why: String| {
            Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
        };
        let mut unknown = Vec::new();
        if self.resource.custom {
            let mut metadata = json!({ "metadata": value["metadata"].take() });
            let findings = check::prune(&mut metadata, "v1", "ConfigMap");
            value["metadata"] = metadata["metadata"].take();
            if let Some(why) = findings.mistyped {
                return Err(cannot(why));
            }
            unknown.extend(findings.unknown);
            if let Some(schema) = self.definition_schema() {
                unknown.extend(custom::prune(value, &schema));
            }
        } else {
            let findings = check::prune(value, &self.resource.api_version(), &kind);
            if let Some(why) = findings.mistyped {
                return Err(cannot(why));
            }
            unknown = findings.unknown;
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
        match self.validation {
            Validation::Strict if self.resource.custom => {
                let text = format!("strict decoding error: {}", texts.join(", "));
                if let Some(patched) = patched {
                    let message = format!("Invalid value: {}: {text}", Value::from(patched));
                    let cause = Cause { reason: "FieldValueInvalid", message, field: "patch".to_owned() };
                    return Err(Status::invalid("", "", &[cause]));
                }
                Err(Status::bad_request(format!(
                    "{kind} in version \"{version}\" cannot be handled as a {kind}: {text}"
                )))
            }
            Validation::Strict => Err(cannot(format!("strict decoding error: {}", texts.join(", ")))),
            Validation::Warn => {
                self.warnings.extend(texts);
                Ok(())
            }
            Validation::Ignore => Ok(()),
        }
    }

    /// Refuse what is applied with fields that no schema declares, as the merger of applies does, which names the namespace that the client gave.
    pub(super) fn applied_form(&self, value: &Value, namespace: Option<&str>) -> Result<(), Status> {
        let mut copy = value.clone();
        let mut problems = Vec::new();
        if self.resource.custom {
            if let Some(schema) = self.definition_schema() {
                problems = custom::prune(&mut copy, &schema)
                    .iter()
                    .map(|path| format!(".{path}: field not declared in schema"))
                    .collect();
            }
        } else {
            let findings = check::prune(&mut copy, &self.resource.api_version(), &self.resource.kind);
            problems.extend(findings.unknown.iter().map(|path| format!(".{path}: field not declared in schema")));
            problems.extend(findings.mismatch);
        }
        if problems.is_empty() {
            return Ok(());
        }
        let name = format!("{}/{}", namespace.unwrap_or_default(), object::name(value));
        let why = match problems.as_slice() {
            [one] => one.clone(),
            all => format!("errors:\n  {}", all.join("\n  ")),
        };
        let kind = format!("{}/{}, Kind={}", self.resource.group, self.resource.version, self.resource.kind);
        let message = format!("failed to create typed patch object ({name}; {kind}): {why}");
        Err(Status { code: 500, reason: String::new(), message, details: None })
    }

    /// What a write owns.
    pub(super) fn manager(&self, operation: &'static str) -> Manager {
        let subresource = self.subresource.clone();
        Manager { name: self.manager.clone(), operation, api_version: self.resource.api_version(), subresource }
    }

    /// Create an object, in the version of the request.
    pub(super) fn create(&mut self, mut value: Value, owner: &Owner) -> Result<Value, Status> {
        let has_status = self.resource.subresources.iter().any(|one| one == "status");
        if has_status && self.resource.kind != "Node" {
            object::map_mut(&mut value).remove("status");
        }
        let metadata = object::metadata_mut(&mut value);
        for key in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "selfLink",
        ] {
            if key == "resourceVersion"
                && metadata.get(key).and_then(Value::as_str).is_some_and(|version| !version.is_empty())
            {
                return Err(Status::new(
                    500,
                    "InternalError",
                    "resourceVersion should not be set on objects to be created",
                ));
            }
            metadata.remove(key);
        }
        if object::name(&value).is_empty() && !object::text(&value, "/metadata/generateName").is_empty() {
            let name = format!("{}{}", object::text(&value, "/metadata/generateName"), self.cluster.store.suffix());
            object::metadata_mut(&mut value).insert("name".to_owned(), name.into());
        }
        let name = object::name(&value).to_owned();
        if !name.is_empty() && self.live(&name).is_some() {
            return Err(Status::already_exists(&self.resource.qualified(), &name));
        }
        let value = self.prepare(value, None, owner)?;
        if self.dry_run {
            return Ok(self.imagined(value));
        }
        let stored = self.cluster.store.create(value)?;
        self.after(&stored);
        Ok(self.shown(&stored))
    }

    /// Write an object over the one that is there, in the version of the request.
    pub(super) fn update(&mut self, mut value: Value, live: &Object, owner: &Owner) -> Result<Value, Status> {
        let before = self.shown(live);
        let version = object::text(&value, "/metadata/resourceVersion");
        if !version.is_empty() && version != object::text(live, "/metadata/resourceVersion") {
            return Err(Status::conflict(&self.resource.qualified(), object::name(&before)));
        }
        let uid = object::text(&value, "/metadata/uid");
        if !uid.is_empty() && uid != object::text(live, "/metadata/uid") {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                object::text(live, "/metadata/uid")
            );
            return Err(Status::conflict_because(&self.resource.qualified(), object::name(&before), &why));
        }
        let has_status = self.resource.subresources.iter().any(|one| one == "status");
        match self.subresource.as_str() {
            "" if has_status => {
                let map = object::map_mut(&mut value);
                match before.get("status") {
                    Some(status) => drop(map.insert("status".to_owned(), status.clone())),
                    None => drop(map.remove("status")),
                }
            }
            "status" => {
                let mut whole = before.clone();
                whole["status"] = value.get("status").cloned().unwrap_or(json!({}));
                for key in ["resourceVersion", "managedFields"] {
                    if let Some(part) = value["metadata"].get(key) {
                        whole["metadata"][key] = part.clone();
                    }
                }
                value = whole;
            }
            _ => {}
        }
        object::keep_identity(&mut value, live);
        let mut value = self.prepare(value, Some(&before), owner)?;
        let same = {
            let (mut one, mut other) = (value.clone(), (**live).clone());
            object::metadata_mut(&mut one).remove("managedFields");
            object::metadata_mut(&mut other).remove("managedFields");
            one == other
        };
        if same && same_owners(&value, live) {
            return Ok(before);
        }
        if self.dry_run {
            return Ok(self.imagined(value));
        }
        object::metadata_mut(&mut value)
            .insert("resourceVersion".to_owned(), live["metadata"]["resourceVersion"].clone());
        let stored = self.cluster.store.update(value)?;
        self.after(&stored);
        Ok(self.shown(&stored))
    }

    /// Everything between the request and the store. Returns the object as it is kept.
    fn prepare(&mut self, mut value: Value, before: Option<&Value>, owner: &Owner) -> Result<Value, Status> {
        if matches!(owner, Owner::Applied) && !self.resource.custom {
            // What is applied is merged as it is written; it was looked at before.
            let _known = check::prune(&mut value, &self.resource.api_version(), &self.resource.kind);
        }
        let own = self.subresource.is_empty();
        self.fill(&mut value);
        if own {
            admission::built_in(self, &mut value, before)?;
            if let Some(changed) = admission::webhooks(self, &value, before)? {
                value = changed;
                self.fill(&mut value);
            }
        }
        validate::validate(&value, before, self.resource)?;
        if let Some(schema) = self.definition_schema() {
            let causes = custom::validate(&value, &schema);
            if !causes.is_empty() {
                return Err(Status::invalid(&self.resource.qualified_kind(), object::name(&value), &causes));
            }
        }
        if own && self.resource.kind == "CustomResourceDefinition" {
            self.warnings.extend(definitions::accept(&mut value));
        }
        let known = self.known.clone();
        let of = schema::of(&known, self.resource);
        match owner {
            Owner::Update => managed::updated(&mut value, before, of, &self.manager("Update")),
            Owner::Applied => {}
        }
        convert::to_stored(&mut value, &known, self.resource);
        Ok(value)
    }

    fn fill(&self, value: &mut Value) {
        if !self.resource.custom {
            defaults::fill(value);
        } else if let Some(schema) = self.definition_schema() {
            custom::fill(value, &schema);
        }
    }

    fn definition_schema(&self) -> Option<Value> {
        if !self.resource.custom {
            return None;
        }
        let (_, version) = self.known.definition(self.resource)?;
        version.pointer("/schema/openAPIV3Schema").cloned()
    }

    fn set_namespace(&self, value: &mut Value) -> Result<(), Status> {
        let metadata = object::metadata_mut(value);
        let found = metadata.get("namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
        match &self.namespace {
            None => {
                if !found.is_empty() && !self.resource.namespaced {
                    let message = "namespace is not allowed on this type";
                    if self.resource.kind != "Namespace" {
                        return Err(Status::bad_request(format!(
                            "the namespace of the provided object does not match the namespace sent on the request: {message}"
                        )));
                    }
                }
                metadata.remove("namespace");
            }
            Some(namespace) if found.is_empty() => {
                metadata.insert("namespace".to_owned(), namespace.as_str().into());
            }
            Some(namespace) if found != *namespace => {
                return Err(Status::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// What would have been, of a write that only was a rehearsal.
    fn imagined(&self, mut value: Value) -> Value {
        let metadata = object::metadata_mut(&mut value);
        metadata.entry("uid").or_insert_with(|| "00000000-0000-4000-8000-000000000000".into());
        metadata.entry("creationTimestamp").or_insert_with(|| object::now().into());
        convert::from_stored(&mut value, self.resource);
        value
    }

    fn shown(&self, stored: &Object) -> Value {
        let mut value = (**stored).clone();
        convert::from_stored(&mut value, self.resource);
        value
    }

    fn after(&self, stored: &Object) {
        if self.resource.kind == "CustomResourceDefinition" {
            definitions::establish(&self.cluster.store, stored);
        }
    }
}

/// Whose fields a write has noted already.
pub(super) enum Owner {
    /// Nobody's: what has changed becomes the manager's.
    Update,
    /// An applier's.
    Applied,
}

/// Whether the owners are the same, whatever times they carry.
fn same_owners(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| -> Vec<Value> {
        let all = value["metadata"]["managedFields"].as_array().into_iter().flatten();
        all.map(|entry| {
            let mut entry = entry.clone();
            object::map_mut(&mut entry).remove("time");
            entry
        })
        .collect()
    };
    plain(one) == plain(other)
}

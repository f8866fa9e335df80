//! Changing a part of an object.

use http::Method;
use meshrun_terms::Steps;
use serde_json::Value;

use crate::{
    Client,
    error::Result,
    get::read,
    object::{Reference, Target, resolve},
    request::{self, Request, encode},
};

/// What to change, in one of the API's languages.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// A merge patch (RFC 7386): maps are merged, null removes, lists are replaced.
    Merge(Value),
    /// Kubernetes' own: as a merge patch, but lists of known kinds are merged by their keys. Not for custom objects.
    Strategic(Value),
    /// A JSON patch (RFC 6902): a list of operations.
    Json(Value),
    /// A server-side apply of the given fields, which must not belong to another manager unless it is forced.
    Apply { fields: Value, force: bool },
}

/// How to patch.
#[derive(Debug, Clone, Default)]
pub struct PatchOptions {
    /// A part with an address of its own: `status`, `scale`.
    pub subresource: Option<String>,
    /// The name under which the fields are owned; `meshrun` by default.
    pub field_manager: Option<String>,
    /// Let the server check it and change nothing.
    pub dry_run: bool,
}

/// Patch an object. Returns it as it is then; tells a change only if there was one.
///
/// # Errors
/// When it does not exist, or the server refuses the patch.
pub async fn patch(
    client: &Client,
    reference: &Reference,
    patch: &Patch,
    options: &PatchOptions,
    steps: &Steps,
) -> Result<Value> {
    let target = resolve(client, reference).await?;
    let before = read(client, &target).await?;
    let after = request::json(client, &request_for(&target, patch, options)).await?;
    let changed = before["metadata"]["resourceVersion"] != after["metadata"]["resourceVersion"];
    if changed && !options.dry_run {
        steps.changed(format!("patched {target} in {}", client.context()));
    }
    Ok(after)
}

pub(crate) fn request_for(target: &Target, patch: &Patch, options: &PatchOptions) -> Request {
    let path = match &options.subresource {
        Some(part) => format!("{}/{}", target.path(), encode(part)),
        None => target.path(),
    };
    let (content_type, body, force) = match patch {
        Patch::Merge(value) => ("application/merge-patch+json", value, None),
        Patch::Strategic(value) => ("application/strategic-merge-patch+json", value, None),
        Patch::Json(value) => ("application/json-patch+json", value, None),
        Patch::Apply { fields, force } => ("application/apply-patch+yaml", fields, Some(force.to_string())),
    };
    Request::new(Method::PATCH, path, target.to_string())
        .query("fieldManager", options.field_manager.as_deref().unwrap_or("meshrun"))
        .query("fieldValidation", "Strict")
        .query_if("force", force.as_deref())
        .query_if("dryRun", options.dry_run.then_some("All"))
        .body(content_type, body.to_string().into_bytes())
}

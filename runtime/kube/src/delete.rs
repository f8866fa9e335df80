//! Deleting objects: by name, by manifest, by selection; what is not there needs no deletion.

use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::Method;
use meshrun_terms::{Steps, Timeout};
use serde_json::{Value, json};

use crate::{
    Client, Error,
    apply::several,
    condition::Condition,
    discovery::resource,
    error::Result,
    get::{Query, list_of, read_if_there},
    manifest::Object,
    object::{Reference, Target, resolve, resolve_object},
    order::phases,
    request::{self, Request},
    retry::{passing, until_accepted},
    wait::{self, Subject},
};

/// How many objects are deleted at once.
const IN_FLIGHT: usize = 16;

/// How to delete.
#[derive(Debug, Clone)]
pub struct Options {
    /// Wait until the objects are gone, so long; with none, deletion is only asked for.
    pub wait: Option<Timeout>,
    /// What becomes of objects that belong to the deleted ones.
    pub propagation: Propagation,
    /// How many seconds pods get to end; by default what they ask for themselves.
    pub grace_seconds: Option<u32>,
    /// The namespace for objects of manifests that name none; else that of the context.
    pub namespace: Option<String>,
}

/// What becomes of objects that belong to a deleted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They are deleted afterwards.
    #[default]
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay.
    Orphan,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait: Some(Timeout::minutes(5)),
            propagation: Propagation::Background,
            grace_seconds: None,
            namespace: None,
        }
    }
}

/// Delete objects by name. Returns those that were there.
///
/// # Errors
/// When the cluster does not know a kind, refuses, or an object is not gone in time.
pub async fn delete(
    client: &Client,
    references: &[Reference],
    options: &Options,
    steps: &Steps,
) -> Result<Vec<Reference>> {
    let mut targets = Vec::with_capacity(references.len());
    for reference in references {
        targets.push(resolve(client, reference).await?);
    }
    delete_side_by_side(client, targets, options, steps).await
}

/// Delete the objects of a manifest, in the reverse order of an apply. An object whose kind the cluster does not know is as
/// good as gone. Returns those that were there.
///
/// # Errors
/// When the cluster refuses, or an object is not gone in time.
pub async fn delete_objects(
    client: &Client,
    objects: Vec<Object>,
    options: &Options,
    steps: &Steps,
) -> Result<Vec<Reference>> {
    let mut deleted = Vec::new();
    for (_, objects) in phases(objects).into_iter().rev() {
        let mut targets = Vec::with_capacity(objects.len());
        for object in &objects {
            match resolve_object(client, &object.value, options.namespace.as_deref()).await {
                Ok(target) => targets.push(target),
                Err(Error::NoKind { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        deleted.extend(delete_side_by_side(client, targets, options, steps).await?);
    }
    Ok(deleted)
}

/// Delete all objects of a selection. Returns those that were there.
///
/// # Errors
/// As [`delete`].
pub async fn delete_selected(
    client: &Client,
    query: &Query,
    options: &Options,
    steps: &Steps,
) -> Result<Vec<Reference>> {
    let resource = resource(client, &query.kind).await?;
    let objects = list_of(client, query, &resource).await?;
    let references: Vec<Reference> = objects.iter().map(Reference::of).collect();
    delete(client, &references, options, steps).await
}

async fn delete_side_by_side(
    client: &Client,
    targets: Vec<Target>,
    options: &Options,
    steps: &Steps,
) -> Result<Vec<Reference>> {
    let total = targets.len();
    let task = |target| delete_one(client, target, options, steps).boxed();
    let tasks: Vec<BoxFuture<'_, Result<Option<Reference>>>> = targets.iter().map(task).collect();
    let results: Vec<_> = stream::iter(tasks).buffered(IN_FLIGHT).collect().await;
    let (done, errors): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    several("deleted", total, errors.into_iter().filter_map(Result::err).collect())?;
    Ok(done.into_iter().filter_map(Result::ok).flatten().collect())
}

async fn delete_one(client: &Client, target: &Target, options: &Options, steps: &Steps) -> Result<Option<Reference>> {
    let Some(object) = read_if_there(client, target).await? else { return Ok(None) };
    let subject = target.to_string();
    let request = request_for(target, options);
    let attempt = || request::send(client, &request);
    match until_accepted(&subject, Timeout::seconds(30), steps, passing, attempt).await {
        Ok(_) => steps.changed(format!("deleted {target} in {}", client.context())),
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    if let Some(timeout) = options.wait {
        gone(client, target, &object, timeout, steps).await?;
    }
    Ok(Some(reference(target)))
}

fn request_for(target: &Target, options: &Options) -> Request {
    let policy = match options.propagation {
        Propagation::Background => "Background",
        Propagation::Foreground => "Foreground",
        Propagation::Orphan => "Orphan",
    };
    let mut body = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy });
    if let Some(seconds) = options.grace_seconds {
        body["gracePeriodSeconds"] = json!(seconds);
    }
    Request::new(Method::DELETE, target.path(), target.to_string()).json(&body)
}

fn reference(target: &Target) -> Reference {
    Reference {
        kind: format!("{}/{}", target.resource.api_version(), target.resource.kind),
        name: target.name.clone(),
        namespace: target.namespace.clone(),
    }
}

/// Wait until this very object is gone; another of its name may have come up since.
async fn gone(client: &Client, target: &Target, object: &Value, timeout: Timeout, steps: &Steps) -> Result<()> {
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let subject = Subject::Object(reference(target));
    let options = wait::Options::within(timeout);
    match wait::wait(client, &subject, &Condition::DeletedSince(uid), &options, steps).await {
        // Its kind has gone with it.
        Ok(_) | Err(Error::NoKind { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

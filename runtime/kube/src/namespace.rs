//! Namespaces, made as they should be.

use std::collections::BTreeMap;

use http::Method;
use meshrun_terms::{Steps, Timeout};
use serde_json::json;

use crate::{
    Client, Error,
    condition::Condition,
    error::Result,
    get::find,
    label::{Changes, label},
    object::{Reference, is_terminating},
    request::{self, Request},
    wait::{self, Subject},
};

/// Make sure that there is a namespace with these labels; others that it has stay. One that is being deleted is waited for
/// and made anew. Tells whether something was changed.
///
/// # Errors
/// When the server refuses, or a namespace of that name is not gone in time.
pub async fn create_namespace(
    client: &Client,
    name: &str,
    labels: &BTreeMap<String, String>,
    timeout: Timeout,
    steps: &Steps,
) -> Result<bool> {
    let reference = Reference::new("v1/Namespace", name);
    let subject = Subject::Object(reference.clone());
    match find(client, &reference).await? {
        Some(namespace) if is_terminating(&namespace) => {
            wait::wait(client, &subject, &Condition::Deleted, &wait::Options::within(timeout), steps).await?;
        }
        Some(_) => return set_labels(client, &subject, labels, steps).await,
        None => {}
    }
    match make(client, name, labels).await {
        Ok(()) => {
            steps.changed(format!("created namespace {name} in {}", client.context()));
            Ok(true)
        }
        // Somebody else was faster.
        Err(Error::Refused { status, .. }) if status.reason == "AlreadyExists" => {
            set_labels(client, &subject, labels, steps).await
        }
        Err(error) => Err(error),
    }
}

async fn make(client: &Client, name: &str, labels: &BTreeMap<String, String>) -> Result<()> {
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
    let request = Request::new(Method::POST, "/api/v1/namespaces", format!("namespace {name}"))
        .query("fieldManager", "meshrun")
        .json(&namespace);
    request::json(client, &request).await.map(drop)
}

async fn set_labels(
    client: &Client,
    subject: &Subject,
    labels: &BTreeMap<String, String>,
    steps: &Steps,
) -> Result<bool> {
    let changes: Changes = labels.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
    Ok(label(client, subject, &changes, true, steps).await? > 0)
}

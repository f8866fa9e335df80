//! Reading objects: one by name, or many by kind and selectors.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Client, Error,
    discovery::{Resource, resource},
    error::Result,
    object::{Reference, Target, resolve},
    request::{self, Request},
};

/// How many objects the server hands out at once.
const PAGE: &str = "500";

/// Which objects to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Query {
    /// The kind, as [`Reference::kind`].
    pub kind: String,
    /// The namespace; none for that of the context.
    pub namespace: Option<String>,
    /// Whether to look into all namespaces.
    pub all_namespaces: bool,
    /// A label selector: `app=web`.
    pub labels: Option<String>,
    /// A field selector: `spec.nodeName=node1`.
    pub fields: Option<String>,
}

impl Query {
    /// All objects of a kind in the namespace of the context.
    pub fn of(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// The same in this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The same in all namespaces.
    #[must_use]
    pub fn everywhere(mut self) -> Self {
        self.all_namespaces = true;
        self
    }

    /// Only those with these labels.
    #[must_use]
    pub fn with_labels(mut self, labels: impl Into<String>) -> Self {
        self.labels = Some(labels.into());
        self
    }

    /// The namespace that is meant, given the kind.
    pub(crate) fn scope<'s>(&'s self, client: &'s Client, resource: &Resource) -> Option<&'s str> {
        if self.all_namespaces || !resource.namespaced {
            return None;
        }
        Some(self.namespace.as_deref().unwrap_or(client.namespace()))
    }

    /// In words: `pods with app=web in shop`.
    pub(crate) fn words(&self, client: &Client, resource: &Resource) -> String {
        let mut words = resource.plural.clone();
        for selector in self.labels.iter().chain(&self.fields) {
            words.push_str(&format!(" with {selector}"));
        }
        if let Some(namespace) = self.scope(client, resource) {
            words.push_str(&format!(" in {namespace}"));
        }
        words
    }
}

/// Read an object.
///
/// # Errors
/// [`Error::NotFound`] when it does not exist, [`Error::NoKind`] when the cluster does not know its kind.
pub async fn get(client: &Client, reference: &Reference) -> Result<Value> {
    read(client, &resolve(client, reference).await?).await
}

/// Read an object that may not exist. An unknown kind is an error all the same.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn find(client: &Client, reference: &Reference) -> Result<Option<Value>> {
    read_if_there(client, &resolve(client, reference).await?).await
}

pub(crate) async fn read(client: &Client, target: &Target) -> Result<Value> {
    request::json(client, &Request::get(target.path(), target.to_string())).await
}

pub(crate) async fn read_if_there(client: &Client, target: &Target) -> Result<Option<Value>> {
    match read(client, target).await {
        Ok(object) => Ok(Some(object)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// List objects, each with its kind and API version.
///
/// # Errors
/// When the cluster does not know the kind, does not answer or refuses.
pub async fn list(client: &Client, query: &Query) -> Result<Vec<Value>> {
    let resource = resource(client, &query.kind).await?;
    list_of(client, query, &resource).await
}

pub(crate) async fn list_of(client: &Client, query: &Query, resource: &Resource) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = page(client, query, resource, next.as_deref()).await?;
        let Value::Object(mut page) = page else { return Ok(found) };
        if let Some(Value::Array(items)) = page.remove("items") {
            found.extend(items.into_iter().map(|item| with_kind(item, resource)));
        }
        next = page["metadata"]["continue"].as_str().filter(|next| !next.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(found);
        }
    }
}

async fn page(client: &Client, query: &Query, resource: &Resource, next: Option<&str>) -> Result<Value> {
    let request = Request::get(resource.path(query.scope(client, resource)), query.words(client, resource))
        .query("limit", PAGE)
        .query_if("labelSelector", query.labels.as_deref())
        .query_if("fieldSelector", query.fields.as_deref())
        .query_if("continue", next);
    request::json(client, &request).await
}

/// Items of a list lack what the list as a whole says.
fn with_kind(mut item: Value, resource: &Resource) -> Value {
    if item["kind"].is_null() {
        item["kind"] = json!(resource.kind);
        item["apiVersion"] = json!(resource.api_version());
    }
    item
}

//! How an object is named, and what is read from any object.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_json::Value;

use crate::{
    Client, Error,
    discovery::{Resource, resource, resource_of},
    error::Result,
    request::encode,
};

/// The name of an object: its kind as kubectl takes it, its name, its namespace. `deploy/web` reads as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Reference {
    /// `deployment`, `deploy`, `deployments.apps`, `apps/v1/Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace; none for that of the context, or for objects that live in no namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Reference {
    /// The object of this kind and name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into(), namespace: None }
    }

    /// The same in this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The name of an object that was read, with its API version.
    pub fn of(object: &Value) -> Self {
        let api_version = object["apiVersion"].as_str().unwrap_or_default();
        Self {
            kind: format!("{api_version}/{}", kind_of(object)),
            name: name_of(object).to_owned(),
            namespace: namespace_of(object).map(str::to_owned),
        }
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.rsplit_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(Self::new(kind, name)),
            _ => Err(Error::BadReference { reference: text.to_owned() }),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.rsplit('/').next().unwrap_or(&self.kind).to_lowercase();
        match &self.namespace {
            Some(namespace) => write!(formatter, "{kind} {namespace}/{}", self.name),
            None => write!(formatter, "{kind} {}", self.name),
        }
    }
}

/// A reference resolved against a cluster: where the object is.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) resource: Resource,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Target {
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.resource.path(self.namespace.as_deref()), encode(&self.name))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference =
            Reference { kind: self.resource.kind.clone(), name: self.name.clone(), namespace: self.namespace.clone() };
        reference.fmt(formatter)
    }
}

/// Where the object is that a reference names.
pub(crate) async fn resolve(client: &Client, reference: &Reference) -> Result<Target> {
    let resource = resource(client, &reference.kind).await?;
    Ok(target(client, resource, &reference.name, reference.namespace.as_deref()))
}

/// Where an object of a manifest is, or is to be.
pub(crate) async fn resolve_object(client: &Client, object: &Value, namespace: Option<&str>) -> Result<Target> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let resource = resource_of(client, api_version, kind_of(object)).await?;
    Ok(target(client, resource, name_of(object), namespace_of(object).or(namespace)))
}

fn target(client: &Client, resource: Resource, name: &str, namespace: Option<&str>) -> Target {
    let namespace = resource.namespaced.then(|| namespace.unwrap_or(client.namespace()).to_owned());
    Target { resource, namespace, name: name.to_owned() }
}

/// The kind of an object.
pub fn kind_of(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

/// The name of an object.
pub fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// The namespace of an object, if it says one.
pub fn namespace_of(object: &Value) -> Option<&str> {
    object["metadata"]["namespace"].as_str().filter(|namespace| !namespace.is_empty())
}

/// A label of an object.
pub fn label_of<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object["metadata"]["labels"].get(key)?.as_str()
}

/// Whether it is being deleted.
pub(crate) fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_kind_and_name() {
        let reference: Reference = "deploy/web".parse().unwrap();
        assert_eq!(reference, Reference::new("deploy", "web"));
        assert_eq!(reference.in_namespace("shop").to_string(), "deploy shop/web");
        let reference: Reference = "apps/v1/Deployment/web".parse().unwrap();
        assert_eq!((reference.kind.as_str(), reference.to_string().as_str()), ("apps/v1/Deployment", "deployment web"));
        for text in ["web", "/web", "deploy/"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}

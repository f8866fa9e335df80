//! What the API server says about itself, what it lets its user do, and any other path of it.

use http::Method;
use meshrun_terms::Timeout;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Client, Error,
    discovery::resource,
    error::Result,
    request::{self, Request},
};

/// The version of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// `v1.27.3`.
    #[serde(rename(deserialize = "gitVersion"))]
    pub version: String,
    /// `linux/amd64`.
    #[serde(default)]
    pub platform: String,
}

impl Version {
    /// The minor version: 27 of `v1.27.3`; 0 when it cannot be told.
    pub fn minor(&self) -> u32 {
        self.version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0)
    }
}

/// The version of the cluster.
///
/// # Errors
/// When it does not answer.
pub async fn version(client: &Client) -> Result<Version> {
    let request = Request::get("/version", "its version");
    let answer = request::json(client, &request).await?;
    serde_json::from_value(answer).map_err(|source| Error::Unexpected {
        context: client.context().to_owned(),
        subject: request.subject().to_owned(),
        source,
    })
}

/// Something that a user may or may not do.
#[derive(Debug, Clone, Default)]
pub struct Act {
    /// `get`, `list`, `create`, `patch`, `delete`.
    pub verb: String,
    /// The kind, as kubectl takes it.
    pub kind: String,
    /// A part of it: `exec`, `log`.
    pub subresource: Option<String>,
    /// One object; by default any.
    pub name: Option<String>,
    /// The namespace; none for all of them.
    pub namespace: Option<String>,
}

/// Whether the user of the context may do this.
///
/// # Errors
/// When the cluster does not know the kind, or does not answer.
pub async fn can_i(client: &Client, act: &Act) -> Result<bool> {
    let resource = resource(client, &act.kind).await?;
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": {
            "verb": act.verb,
            "group": resource.group,
            "version": resource.version,
            "resource": resource.plural,
            "subresource": act.subresource.as_deref().unwrap_or_default(),
            "name": act.name.as_deref().unwrap_or_default(),
            "namespace": act.namespace.as_deref().unwrap_or_default(),
        } },
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let request = Request::new(Method::POST, path, "what its user may do").json(&review);
    Ok(request::json(client, &request).await?["status"]["allowed"] == true)
}

/// Read any path of the API server, as text: `/healthz`, `/api/v1/namespaces/a/pods/b:8080/proxy/metrics`.
///
/// # Errors
/// When the server does not answer in time, or answers with an error.
pub async fn raw(client: &Client, path: &str, timeout: Timeout) -> Result<String> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let request = Request::get(path.clone(), path).accept("*/*");
    let answer = request::send_within(client, &request, timeout).await?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_a_number() {
        let version: Version = serde_json::from_value(json!({ "gitVersion": "v1.27.3-eks", "major": "1" })).unwrap();
        assert_eq!((version.minor(), version.version.as_str()), (27, "v1.27.3-eks"));
    }
}

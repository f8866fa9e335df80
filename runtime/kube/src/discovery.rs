//! Which kinds a cluster serves, and how a word that a user writes names one of them.

use std::sync::Arc;

use futures::future::try_join_all;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    Client, Error,
    error::Result,
    nearest::nearest,
    request::{self, Request, encode},
};

/// Asks for everything in one answer, in the form that the server knows; an old server answers in the plain form.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// A kind of object that a cluster serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its API group; empty for the core group.
    pub group: String,
    /// The version of the group.
    pub version: String,
    /// The kind, as manifests write it.
    pub kind: String,
    /// The plural, as paths write it.
    pub plural: String,
    /// The singular, in lower case.
    pub singular: String,
    /// Short names, such as `deploy`.
    pub short_names: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be done with it: `get`, `list`, `watch` and so on.
    pub verbs: Vec<String>,
}

impl Resource {
    /// `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of all its objects in a namespace, or everywhere.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        let base = format!("/{root}/{}", self.api_version());
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{base}/namespaces/{}/{}", encode(namespace), self.plural),
            None => format!("{base}/{}", self.plural),
        }
    }

    pub(crate) fn for_kube(&self) -> kube::core::ApiResource {
        kube::core::ApiResource {
            group: self.group.clone(),
            version: self.version.clone(),
            api_version: self.api_version(),
            kind: self.kind.clone(),
            plural: self.plural.clone(),
        }
    }

    /// Whether a word names it: kind, singular, plural or short name, in any case.
    fn answers_to(&self, word: &str) -> bool {
        [&self.plural, &self.singular, &self.kind].iter().any(|name| name.eq_ignore_ascii_case(word))
            || self.short_names.iter().any(|name| name.eq_ignore_ascii_case(word))
    }
}

/// The kinds of a cluster, asked for when first needed, and again when one is not known.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Option<Arc<Vec<Resource>>>>);

impl Cache {
    async fn get(&self, client: &Client) -> Result<Arc<Vec<Resource>>> {
        let mut known = self.0.lock().await;
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let fresh = Arc::new(discover(client).await?);
        *known = Some(fresh.clone());
        Ok(fresh)
    }

    /// Ask again, unless somebody else has done so since `stale` was got.
    async fn refresh(&self, client: &Client, stale: &Arc<Vec<Resource>>) -> Result<Arc<Vec<Resource>>> {
        let mut known = self.0.lock().await;
        if let Some(known) = known.as_ref().filter(|known| !Arc::ptr_eq(known, stale)) {
            return Ok(known.clone());
        }
        let fresh = Arc::new(discover(client).await?);
        *known = Some(fresh.clone());
        Ok(fresh)
    }
}

/// The kind that a word names, as kubectl resolves it: `deployment`, `deploy`, `Deployment`, `deployments.apps`,
/// `deployments.v1.apps`; also `apps/v1/Deployment`. Of several groups the core group comes first, then the server's order.
///
/// # Errors
/// When the cluster serves no such kind, or does not answer.
pub async fn resource(client: &Client, word: &str) -> Result<Resource> {
    look_up(client, word, |kinds| find(kinds, word)).await
}

/// The kind that a manifest names.
///
/// # Errors
/// When the cluster serves no such kind, or does not answer.
pub async fn resource_of(client: &Client, api_version: &str, kind: &str) -> Result<Resource> {
    look_up(client, &format!("{api_version}/{kind}"), |kinds| find_exactly(kinds, api_version, kind)).await
}

/// All kinds of the cluster.
///
/// # Errors
/// When the cluster does not answer.
pub async fn resources(client: &Client) -> Result<Vec<Resource>> {
    Ok(client.kinds().get(client).await?.to_vec())
}

async fn look_up<'k>(
    client: &Client,
    word: &str,
    find: impl Fn(&[Resource]) -> Option<&Resource> + 'k,
) -> Result<Resource> {
    let kinds = client.kinds().get(client).await?;
    if let Some(found) = find(&kinds) {
        return Ok(found.clone());
    }
    let kinds = client.kinds().refresh(client, &kinds).await?;
    find(&kinds).cloned().ok_or_else(|| no_kind(client, word, &kinds))
}

fn no_kind(client: &Client, word: &str, kinds: &[Resource]) -> Error {
    let last = word.rsplit('/').next().unwrap_or(word);
    let written_as_kind = last.starts_with(char::is_uppercase);
    let names = kinds.iter().map(|kind| if written_as_kind { kind.kind.as_str() } else { kind.singular.as_str() });
    let nearest = nearest(last, names.filter(|name| *name != last)).map(str::to_owned);
    Error::NoKind { context: client.context().to_owned(), kind: word.to_owned(), nearest }
}

fn find<'k>(kinds: &'k [Resource], word: &str) -> Option<&'k Resource> {
    if let Some((api_version, kind)) = word.rsplit_once('/') {
        return find_exactly(kinds, api_version, kind);
    }
    let Some((name, rest)) = word.split_once('.') else {
        return kinds.iter().find(|kind| kind.answers_to(word));
    };
    let of_group = |kind: &&Resource| kind.group == rest;
    let of_version_and_group = |kind: &&Resource| {
        rest.split_once('.').map_or(rest == kind.version && kind.group.is_empty(), |(version, group)| {
            kind.version == version && kind.group == group
        })
    };
    let mut named = kinds.iter().filter(|kind| kind.answers_to(name));
    named.clone().find(of_version_and_group).or_else(|| named.find(of_group))
}

fn find_exactly<'k>(kinds: &'k [Resource], api_version: &str, kind: &str) -> Option<&'k Resource> {
    kinds.iter().find(|known| known.kind == kind && known.api_version() == api_version)
}

async fn discover(client: &Client) -> Result<Vec<Resource>> {
    let ask = |path: &'static str| async move {
        request::json(client, &Request::get(path, "which kinds it serves").accept(AGGREGATED)).await
    };
    let (core, groups) = tokio::try_join!(ask("/api"), ask("/apis"))?;
    let mut kinds = kinds_of(client, "/api", &core).await?;
    kinds.extend(kinds_of(client, "/apis", &groups).await?);
    Ok(kinds)
}

/// The kinds in an answer, which is either everything at once or names what else to ask.
async fn kinds_of(client: &Client, path: &str, answer: &Value) -> Result<Vec<Resource>> {
    if answer["kind"] == "APIGroupDiscoveryList" {
        return Ok(aggregated(answer));
    }
    let lists = try_join_all(group_versions(answer).into_iter().map(|group_version| async move {
        let request = Request::get(format!("{path}/{group_version}"), format!("which kinds {group_version} has"));
        match request::json(client, &request).await {
            Ok(list) => Ok(plain(&group_version, &list)),
            // A group whose own server is down (metrics, say) must not hide all others.
            Err(Error::Refused { status, .. }) if matches!(status.code, 404 | 503) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }))
    .await?;
    Ok(lists.into_iter().flatten().collect())
}

/// The group versions that a plain answer names, each group's preferred one first.
fn group_versions(answer: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut found: Vec<String> = answer["versions"].as_array().into_iter().flatten().filter_map(text).collect();
    for group in answer["groups"].as_array().into_iter().flatten() {
        let versions = group["versions"].as_array().into_iter().flatten().map(|version| &version["groupVersion"]);
        for version in std::iter::once(&group["preferredVersion"]["groupVersion"]).chain(versions).filter_map(text) {
            if !found.contains(&version) {
                found.push(version);
            }
        }
    }
    found
}

fn aggregated(answer: &Value) -> Vec<Resource> {
    let mut kinds = Vec::new();
    for group in answer["items"].as_array().into_iter().flatten() {
        let group_name = group["metadata"]["name"].as_str().unwrap_or_default();
        for version in group["versions"].as_array().into_iter().flatten() {
            for resource in version["resources"].as_array().into_iter().flatten() {
                let kind = text(&resource["responseKind"]["kind"]);
                kinds.push(Resource {
                    group: group_name.to_owned(),
                    version: text(&version["version"]),
                    singular: or_lower(text(&resource["singularResource"]), &kind),
                    kind,
                    plural: text(&resource["resource"]),
                    short_names: texts(&resource["shortNames"]),
                    namespaced: resource["scope"] == "Namespaced",
                    verbs: texts(&resource["verbs"]),
                });
            }
        }
    }
    kinds
}

fn plain(group_version: &str, list: &Value) -> Vec<Resource> {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let resources = list["resources"].as_array().into_iter().flatten();
    resources
        .filter(|resource| resource["name"].as_str().is_some_and(|name| !name.contains('/')))
        .map(|resource| {
            let kind = text(&resource["kind"]);
            Resource {
                group: group.to_owned(),
                version: version.to_owned(),
                singular: or_lower(text(&resource["singularName"]), &kind),
                kind,
                plural: text(&resource["name"]),
                short_names: texts(&resource["shortNames"]),
                namespaced: resource["namespaced"] == true,
                verbs: texts(&resource["verbs"]),
            }
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn or_lower(singular: String, kind: &str) -> String {
    if singular.is_empty() { kind.to_lowercase() } else { singular }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Vec<Resource> {
        let answer = json!({ "kind": "APIGroupDiscoveryList", "items": [
            { "metadata": {}, "versions": [{ "version": "v1", "resources": [
                { "resource": "services", "responseKind": { "kind": "Service" }, "scope": "Namespaced",
                  "singularResource": "service", "shortNames": ["svc"], "verbs": ["get"] },
                { "resource": "events", "responseKind": { "kind": "Event" }, "scope": "Namespaced", "verbs": [] },
            ] }] },
            { "metadata": { "name": "events.k8s.io" }, "versions": [{ "version": "v1", "resources": [
                { "resource": "events", "responseKind": { "kind": "Event" }, "scope": "Namespaced", "verbs": [] },
            ] }] },
            { "metadata": { "name": "example.com" }, "versions": [
                { "version": "v1", "resources": [{ "resource": "services", "responseKind": { "kind": "Service" }, "scope": "Cluster" }] },
                { "version": "v1beta1", "resources": [{ "resource": "services", "responseKind": { "kind": "Service" }, "scope": "Cluster" }] },
            ] },
        ] });
        aggregated(&answer)
    }

    fn found(word: &str) -> Option<String> {
        find(&sample(), word).map(|kind| format!("{}/{}", kind.api_version(), kind.plural))
    }

    #[test]
    fn words_name_kinds_as_with_kubectl() {
        for word in ["svc", "service", "Services", "Service", "services.v1", "v1/Service", "SVC"] {
            assert_eq!(found(word).as_deref(), Some("v1/services"), "{word}");
        }
        assert_eq!(found("events").as_deref(), Some("v1/events"));
        assert_eq!(found("events.events.k8s.io").as_deref(), Some("events.k8s.io/v1/events"));
        assert_eq!(found("service.example.com").as_deref(), Some("example.com/v1/services"));
        assert_eq!(found("services.v1beta1.example.com").as_deref(), Some("example.com/v1beta1/services"));
        assert_eq!(found("example.com/v1beta1/Service").as_deref(), Some("example.com/v1beta1/services"));
        assert_eq!(found("services.other.com"), None);
        assert_eq!(found("pods"), None);
    }

    #[test]
    fn paths_of_the_core_group_and_of_others() {
        let kinds = sample();
        assert_eq!(kinds[0].path(Some("a")), "/api/v1/namespaces/a/services");
        assert_eq!(kinds[0].path(None), "/api/v1/services");
        assert_eq!(kinds[3].path(Some("a")), "/apis/example.com/v1/services");
    }

    #[test]
    fn the_plain_form_says_the_same() {
        let groups = json!({ "groups": [{ "name": "apps",
            "versions": [{ "groupVersion": "apps/v1beta1" }, { "groupVersion": "apps/v1" }],
            "preferredVersion": { "groupVersion": "apps/v1" } }] });
        assert_eq!(group_versions(&groups), ["apps/v1", "apps/v1beta1"]);
        let list = json!({ "resources": [
            { "name": "deployments", "singularName": "", "kind": "Deployment", "namespaced": true, "shortNames": ["deploy"], "verbs": ["get"] },
            { "name": "deployments/scale", "kind": "Scale", "namespaced": true },
        ] });
        let kinds = plain("apps/v1", &list);
        assert_eq!(kinds.len(), 1);
        assert_eq!(
            (kinds[0].singular.as_str(), kinds[0].namespaced, kinds[0].group.as_str()),
            ("deployment", true, "apps")
        );
    }
}

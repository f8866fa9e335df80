//! Discovery: which groups, versions and kinds the server has; its version and its health.

use http::HeaderValue;
use serde_json::{Value, json};

use super::{
    answer::{self, Answer},
    call::Call,
    cluster::Cluster,
    kinds::Resource,
    registry::Known,
    status::Status,
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/// Answer, if the path is one of these.
pub(super) fn answer(cluster: &Cluster, call: &Call) -> Result<Option<Answer>, Status> {
    let known = cluster.registry.known(&cluster.store);
    let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
    let wants_all = wants_aggregated(call);
    let value = match parts.as_slice() {
        ["version"] => version(&cluster.config.version),
        ["healthz" | "livez" | "readyz", ..] => return Ok(Some(health(call, &parts))),
        ["api" | "apis"] if wants_all => {
            let mut answer = answer::json(200, &aggregated(&known, parts[0] == "api"));
            answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
            answer.headers_mut().insert(http::header::VARY, HeaderValue::from_static("Accept"));
            return Ok(Some(answer));
        }
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": format!("{}:6443", cluster.config.address) }],
        }),
        ["apis"] => {
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups(&known).iter().map(|(group, versions)| group_json(group, versions)).collect::<Vec<_>>() })
        }
        ["apis", group] => {
            let all = groups(&known);
            let Some((group, versions)) = all.iter().find(|(name, _)| name == group) else { return Err(not_here()) };
            let mut value = group_json(group, versions);
            value["kind"] = "APIGroup".into();
            value["apiVersion"] = "v1".into();
            value
        }
        ["api", version] => list(&known, "", version)?,
        ["apis", group, version] => list(&known, group, version)?,
        [""] => {
            json!({ "paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"] })
        }
        _ => return Ok(None),
    };
    Ok(Some(answer::json(200, &value)))
}

/// What a path says that leads nowhere.
pub(super) fn not_here() -> Status {
    Status::new(404, "NotFound", "the server could not find the requested resource")
}

fn wants_aggregated(call: &Call) -> bool {
    // The first form that the server knows counts.
    for form in call.header("accept").split(',') {
        if form.contains("as=APIGroupDiscoveryList") && form.contains("v=v2beta1") {
            return true;
        }
        if form.trim() == "application/json" || form.trim() == "*/*" {
            return false;
        }
    }
    false
}

fn version(version: &str) -> Value {
    let plain = version.trim_start_matches('v');
    let mut parts = plain.split('.');
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("27"));
    json!({
        "major": major, "minor": minor, "gitVersion": format!("v{plain}"), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "simulated", "compiler": "simulated", "platform": "linux/amd64",
    })
}

fn health(call: &Call, parts: &[&str]) -> Answer {
    if call.query("verbose").is_some() {
        return answer::text(200, format!("[+]ping ok\n[+]log ok\n[+]etcd ok\n{} check passed\n", parts[0]));
    }
    answer::text(200, "ok")
}

/// The groups beside the core, each with its versions, the preferred one first.
fn groups(known: &Known) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for resource in known.resources.iter().filter(|resource| !resource.group.is_empty()) {
        match groups.iter_mut().find(|(group, _)| *group == resource.group) {
            Some((_, versions)) if versions.contains(&resource.version) => {}
            Some((_, versions)) => versions.push(resource.version.clone()),
            None => groups.push((resource.group.clone(), vec![resource.version.clone()])),
        }
    }
    for (_, versions) in &mut groups {
        versions.sort_by_key(|version| super::registry::rank(version));
    }
    groups
}

fn group_json(group: &str, versions: &[String]) -> Value {
    let version = |version: &String| json!({ "groupVersion": format!("{group}/{version}"), "version": version });
    json!({
        "name": group, "versions": versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(version),
    })
}

fn list(known: &Known, group: &str, version: &str) -> Result<Value, Status> {
    let all: Vec<&Resource> =
        known.resources.iter().filter(|one| one.group == group && one.version == version).collect();
    let first = all.first().ok_or_else(not_here)?;
    let mut resources = Vec::new();
    for one in &all {
        let mut value = json!({
            "name": one.plural, "singularName": one.singular, "namespaced": one.namespaced, "kind": one.kind, "verbs": one.verbs,
        });
        if !one.short_names.is_empty() {
            value["shortNames"] = json!(one.short_names);
        }
        if !one.categories.is_empty() {
            value["categories"] = json!(one.categories);
        }
        resources.push(value);
        for subresource in &one.subresources {
            let (api_version, kind, verbs) = subresource_kind(one, subresource);
            let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
            let mut value = json!({
                "name": format!("{}/{subresource}", one.plural), "singularName": "", "namespaced": one.namespaced,
                "kind": kind, "verbs": verbs,
            });
            if api_version != one.api_version() {
                value["group"] = group.into();
                value["version"] = version.into();
            }
            resources.push(value);
        }
    }
    Ok(
        json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(), "resources": resources }),
    )
}

fn aggregated(known: &Known, core: bool) -> Value {
    let all = if core { vec![(String::new(), vec!["v1".to_owned()])] } else { groups(known) };
    let items: Vec<Value> = all.iter().map(|(group, versions)| {
        let versions: Vec<Value> = versions.iter().map(|version| {
            let of = known.resources.iter().filter(|one| one.group == *group && one.version == *version);
            json!({ "version": version, "freshness": "Current", "resources": of.map(aggregated_resource).collect::<Vec<_>>() })
        }).collect();
        let metadata = if group.is_empty() { json!({ "creationTimestamp": null }) } else { json!({ "name": group, "creationTimestamp": null }) };
        json!({ "metadata": metadata, "versions": versions })
    }).collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2beta1", "metadata": {}, "items": items })
}

fn aggregated_resource(one: &Resource) -> Value {
    let mut value = json!({
        "resource": one.plural, "scope": if one.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": one.singular,
        "responseKind": { "group": one.group, "version": one.version, "kind": one.kind }, "verbs": one.verbs,
    });
    if !one.short_names.is_empty() {
        value["shortNames"] = json!(one.short_names);
    }
    if !one.categories.is_empty() {
        value["categories"] = json!(one.categories);
    }
    if !one.subresources.is_empty() {
        let of = |subresource: &String| {
            let (api_version, kind, verbs) = subresource_kind(one, subresource);
            let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
            json!({ "subresource": subresource, "responseKind": { "group": group, "version": version, "kind": kind }, "verbs": verbs })
        };
        value["subresources"] = one.subresources.iter().map(of).collect();
    }
    value
}

/// What a subresource is: version, kind, and what can be done with it.
fn subresource_kind(one: &Resource, subresource: &str) -> (String, String, Vec<&'static str>) {
    let changed = vec!["get", "patch", "update"];
    match subresource {
        "scale" => ("autoscaling/v1".into(), "Scale".into(), changed),
        "eviction" => ("policy/v1".into(), "Eviction".into(), vec!["create"]),
        "binding" => ("v1".into(), "Binding".into(), vec!["create"]),
        "token" => ("authentication.k8s.io/v1".into(), "TokenRequest".into(), vec!["create"]),
        "log" => (one.api_version(), one.kind.clone(), vec!["get"]),
        "exec" | "attach" | "portforward" => {
            let kind = match subresource {
                "exec" => "PodExecOptions",
                "attach" => "PodAttachOptions",
                _ => "PodPortForwardOptions",
            };
            (one.api_version(), kind.into(), vec!["create", "get"])
        }
        "proxy" => {
            (one.api_version(), format!("{}ProxyOptions", one.kind), vec!["create", "delete", "get", "patch", "update"])
        }
        "finalize" => (one.api_version(), one.kind.clone(), vec!["update"]),
        _ => (one.api_version(), one.kind.clone(), changed),
    }
}

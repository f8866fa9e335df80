//! The objects of a cluster: all of the kinds that a simulation knows, and those that definitions in the cluster have made.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream};
use meshrun_kube::{Client, Query, Resource, list, resources, version};
use meshrun_sim::{kube::kinds::built_in, start::ClusterStart};
use serde_json::Value;

use super::words;

/// How long a cluster may take for all that it is asked.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many questions it gets at the same time.
const IN_FLIGHT: usize = 8;

/// Group and kind of what comes and goes by itself and is no part of the state.
const PASSING: [(&str, &str); 4] =
    [("", "Event"), ("events.k8s.io", "Event"), ("coordination.k8s.io", "Lease"), ("", "ComponentStatus")];

/// A cluster, and what of it could not be read.
pub type Read = (ClusterStart, Vec<String>);

/// Read a cluster. Its servers are for the caller to tell.
///
/// # Errors
/// Why it cannot be read at all, in words.
pub async fn read(client: &Client, name: &str) -> Result<Read, String> {
    let reading = tokio::time::timeout(PATIENCE, everything(client, name));
    reading.await.map_err(|_| "its API server did not answer in time".to_owned())?
}

async fn everything(client: &Client, name: &str) -> Result<Read, String> {
    let version = version(client).await.map_err(words)?.version;
    let served = resources(client).await.map_err(words)?;
    let (wanted, mut left_out) = chosen(&served, &definitions(client).await?);
    let listed = stream::iter(&wanted).map(|resource| async move {
        let query = Query::of(format!("{}/{}", resource.api_version(), resource.kind)).everywhere();
        (*resource, list(client, &query).await)
    });
    let (mut objects, mut notes) = (Vec::new(), Vec::new());
    for (resource, found) in listed.buffered(IN_FLIGHT).collect::<Vec<_>>().await {
        match found {
            Ok(found) => objects.extend(found),
            Err(error) => {
                notes.push(format!("{}: {}", resource.plural, words(error)));
                left_out.insert(key(resource), ());
            }
        }
    }
    notes.extend(unready(&objects));
    let left_out = left_out.into_keys().chain(PASSING.map(|(group, kind)| (group.to_owned(), kind.to_owned())));
    Ok((
        ClusterStart { name: name.to_owned(), version, servers: Vec::new(), objects, left_out: left_out.collect() },
        notes,
    ))
}

type Key = (String, String);

fn key(resource: &Resource) -> Key {
    (resource.group.clone(), resource.kind.clone())
}

/// The kinds that definitions in the cluster have made, each with the version that is stored.
async fn definitions(client: &Client) -> Result<BTreeMap<Key, String>, String> {
    let query = Query::of("apiextensions.k8s.io/v1/CustomResourceDefinition").everywhere();
    let all = list(client, &query).await.map_err(words)?;
    Ok(all.iter().filter_map(stored).collect())
}

fn stored(definition: &Value) -> Option<(Key, String)> {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let versions = definition.pointer("/spec/versions")?.as_array()?;
    let version = versions.iter().find(|version| version["storage"] == true)?["name"].as_str()?.to_owned();
    Some(((text("/spec/group")?, text("/spec/names/kind")?), version))
}

/// The kinds to read, each in one version: that in which a simulation keeps it, or any other; and those that are left out, for a simulation does not
/// know them.
fn chosen<'r>(served: &'r [Resource], definitions: &BTreeMap<Key, String>) -> (Vec<&'r Resource>, BTreeMap<Key, ()>) {
    let (mut wanted, mut left_out) = (BTreeMap::<Key, &Resource>::new(), BTreeMap::new());
    for resource in served.iter().filter(|one| one.verbs.iter().any(|verb| verb == "list")) {
        if PASSING.contains(&(resource.group.as_str(), resource.kind.as_str())) {
            continue;
        }
        let known = built_in().iter().find(|one| one.group == resource.group && one.kind == resource.kind);
        let best = known.map(|one| one.version.clone()).or_else(|| definitions.get(&key(resource)).cloned());
        match best {
            None => _ = left_out.insert(key(resource), ()),
            Some(best) if best == resource.version => _ = wanted.insert(key(resource), resource),
            Some(_) => _ = wanted.entry(key(resource)).or_insert(resource),
        }
    }
    (wanted.into_values().collect(), left_out)
}

/// Pods that run and are not ready: in a simulation they become ready, which nobody knows of the real ones.
fn unready(objects: &[Value]) -> Option<String> {
    let is_unready = |pod: &&Value| {
        let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
        let over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        pod["kind"] == "Pod" && !ready && !over
    };
    let text = |pod: &Value, key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = objects
        .iter()
        .filter(is_unready)
        .map(|pod| format!("{}/{}", text(pod, "namespace"), text(pod, "name")))
        .collect();
    (!names.is_empty())
        .then(|| format!("whether these pods become ready, as they do in the rehearsal: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(group: &str, version: &str, kind: &str) -> Resource {
        Resource {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: format!("{}s", kind.to_lowercase()),
            singular: kind.to_lowercase(),
            short_names: Vec::new(),
            namespaced: true,
            verbs: vec!["list".into()],
        }
    }

    #[test]
    fn each_kind_is_read_once_in_the_version_that_is_kept() {
        let served = [
            resource("", "v1", "Event"),
            resource("", "v1", "Pod"),
            resource("autoscaling", "v1", "HorizontalPodAutoscaler"),
            resource("autoscaling", "v2", "HorizontalPodAutoscaler"),
            resource("mesh.example.com", "v1beta1", "Road"),
            resource("mesh.example.com", "v1", "Road"),
            resource("metrics.k8s.io", "v1beta1", "NodeMetrics"),
        ];
        let road = json!({ "spec": { "group": "mesh.example.com", "names": { "kind": "Road" }, "versions": [
            { "name": "v1beta1" }, { "name": "v1", "storage": true },
        ] } });
        let (wanted, left_out) = chosen(&served, &[stored(&road).unwrap()].into());
        let names: Vec<String> = wanted.iter().map(|one| format!("{}/{}", one.api_version(), one.kind)).collect();
        assert_eq!(names, ["v1/Pod", "autoscaling/v2/HorizontalPodAutoscaler", "mesh.example.com/v1/Road"]);
        assert_eq!(left_out.into_keys().collect::<Vec<_>>(), [("metrics.k8s.io".to_owned(), "NodeMetrics".to_owned())]);
    }

    #[test]
    fn pods_that_are_not_ready_are_told() {
        let pod = |name: &str, phase: &str, ready: &str| {
            json!({ "kind": "Pod", "metadata": { "namespace": "a", "name": name },
                "status": { "phase": phase, "conditions": [{ "type": "Ready", "status": ready }] } })
        };
        let all = [pod("good", "Running", "True"), pod("over", "Succeeded", "False"), pod("bad", "Running", "False")];
        assert!(unready(&all).unwrap().ends_with("rehearsal: a/bad"));
        assert_eq!(unready(&all[..2]), None);
    }
}

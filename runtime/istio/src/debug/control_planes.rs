//! The control planes of a cluster, as their deployments tell.

use meshrun_kube::{Client, Query, label_of, list};
use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// An istiod of one revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlPlane {
    /// `default`, or the revision's name.
    pub revision: String,
    /// The version that its image says.
    pub version: String,
    /// Its image.
    pub image: String,
    /// The cluster's name in the mesh.
    pub cluster: String,
    /// How many of its pods are ready.
    pub ready: u64,
    /// How many pods there should be.
    pub replicas: u64,
}

/// The control planes in a namespace, by revision.
///
/// # Errors
/// When the cluster does not answer or refuses.
pub async fn control_planes(client: &Client, namespace: &str) -> Result<Vec<ControlPlane>, Error> {
    let query = Query::of("apps/v1/Deployment").in_namespace(namespace).with_labels("app=istiod");
    let mut found: Vec<ControlPlane> = list(client, &query).await?.iter().map(of).collect();
    found.sort_by(|one, other| one.revision.cmp(&other.revision));
    Ok(found)
}

fn of(deployment: &Value) -> ControlPlane {
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let image = container["image"].as_str().unwrap_or_default();
    let mut variables = container["env"].as_array().into_iter().flatten();
    let cluster = variables.find(|variable| variable["name"] == "CLUSTER_ID").map(|variable| &variable["value"]);
    ControlPlane {
        revision: label_of(deployment, "istio.io/rev").unwrap_or("default").to_owned(),
        version: version_of(image).to_owned(),
        image: image.to_owned(),
        cluster: cluster.and_then(Value::as_str).unwrap_or_default().to_owned(),
        ready: deployment["status"]["readyReplicas"].as_u64().unwrap_or(0),
        replicas: deployment["spec"]["replicas"].as_u64().unwrap_or(1),
    }
}

/// The tag of an image, without a variant such as `-distroless`.
fn version_of(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let tag = name.rsplit_once(':').map_or("", |(_, tag)| tag);
    // The colon of a registry's port is no tag's.
    if tag.contains('/') { "" } else { tag.split_once("-distroless").map_or(tag, |(version, _)| version) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_control_plane_is_what_its_deployment_says() {
        let deployment = json!({
            "metadata": { "labels": { "istio.io/rev": "canary" } },
            "spec": { "replicas": 2, "template": { "spec": { "containers": [{
                "image": "localhost:5000/istio/pilot:1.20.1-distroless",
                "env": [{ "name": "CLUSTER_ID", "value": "cluster1" }],
            }] } } },
            "status": { "readyReplicas": 1 },
        });
        let found = of(&deployment);
        assert_eq!(
            (found.revision.as_str(), found.version.as_str(), found.cluster.as_str()),
            ("canary", "1.20.1", "cluster1")
        );
        assert_eq!((found.ready, found.replicas), (1, 2));
        assert_eq!(version_of("localhost:5000/istio/pilot"), "");
        assert_eq!(version_of("docker.io/istio/pilot:1.20.1@sha256:abc"), "1.20.1");
    }
}

//! What the API server is told after kubeadm: the pod network, the storage class, labels and subnets of nodes.

use std::time::Duration;

use bytes::Bytes;
use meshrun_terms::Timeout;
use serde_json::{Map, Value, json};

use super::{create::Run, exec};
use crate::{
    Error,
    config::Role,
    plan::{API_PORT, kubeadm, manifest, names},
};

/// How long one of these acts is tried again: right after its start the API server refuses some things for a moment.
const RETRY: Timeout = Timeout::seconds(60);

/// Install the pod network, unless it is not wanted, and the storage class. Applying them twice is no harm.
///
/// # Errors
/// `kind::no_node_image` when the image has no pod network; `kind::node_command`.
pub async fn install(run: &Run<'_>) -> Result<(), Error> {
    let objects = objects(run)?;
    let text = Bytes::from(meshrun_yaml::to_string_all(&objects));
    let script = "kubectl apply --server-side --force-conflicts --validate=false -f -";
    run.steps.doing(format!("installing pod network and storage class of cluster {}", run.config.name));
    again(run, "install the pod network and the storage class", script, &[], Some(text)).await
}

fn objects(run: &Run<'_>) -> Result<Vec<Value>, Error> {
    let (config, name) = (run.config, run.bootstrap_name());
    let node = &config.nodes[run.bootstrap];
    let image = run.image_of(node)?;
    let mut objects = Vec::new();
    if !config.networking.disable_default_cni {
        let text = image.cni.as_deref().ok_or_else(|| Error::NoNodeImage {
            image: node.image.to_string(),
            reason: format!("it has no `{}`", manifest::CNI_PATH),
        })?;
        let endpoint = format!("{}:{API_PORT}", names::endpoint(config));
        objects.extend(manifest::cni(text, name, &config.networking.pod_subnet, &endpoint)?);
    }
    if image.storage.is_none() {
        run.steps.warning(format!("image {} has no storage class; a simple one is used", node.image));
    }
    objects.extend(manifest::storage(image.storage.as_deref().unwrap_or(manifest::FALLBACK_STORAGE), name)?);
    Ok(objects)
}

/// Tell the API server what it shall know of a node: its subnets, labels that a kubelet may not set itself, and that load balancers may send
/// to the only node of a cluster.
///
/// # Errors
/// `kind::node_command`.
pub async fn label(run: &Run<'_>, index: usize, plans_subnets: bool) -> Result<(), Error> {
    let Some(patch) = node_patch(run, index, plans_subnets) else { return Ok(()) };
    let (name, patch) = (&run.names[index], patch.to_string());
    let script = r#"kubectl patch node "$1" --type=merge --patch "$2""#;
    again(run, &format!("set up node {name}"), script, &[name, &patch], None).await
}

fn node_patch(run: &Run<'_>, index: usize, plans_subnets: bool) -> Option<Value> {
    let node = &run.config.nodes[index];
    let mut labels: Map<String, Value> =
        kubeadm::other_labels(node).into_iter().map(|(key, value)| (key, value.into())).collect();
    if run.config.nodes.len() == 1 && node.role == Role::ControlPlane {
        labels.insert("node.kubernetes.io/exclude-from-external-load-balancers".to_owned(), Value::Null);
    }
    let mut patch = json!({});
    if !labels.is_empty() {
        patch["metadata"] = json!({ "labels": labels });
    }
    let subnets = run.node_subnets.as_ref().filter(|_| plans_subnets).and_then(|all| all.get(index));
    if let Some(subnets) = subnets {
        patch["spec"] = json!({ "podCIDR": subnets.first(), "podCIDRs": subnets });
    }
    (patch != json!({})).then_some(patch)
}

/// Run a script on the first control plane until it ends well.
async fn again(run: &Run<'_>, act: &str, script: &str, arguments: &[&str], input: Option<Bytes>) -> Result<(), Error> {
    let end = super::deadline::Deadline::new(run.deadline.at_most(RETRY));
    loop {
        let (name, left) = (run.bootstrap_name(), run.deadline.left());
        match exec::must(run.docker, name, act, script, arguments, input.clone(), left).await {
            Err(Error::NodeCommand { .. }) if !end.is_over() => tokio::time::sleep(Duration::from_millis(300)).await,
            other => return other.map(|_| ()),
        }
    }
}

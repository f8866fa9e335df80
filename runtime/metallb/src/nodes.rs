//! Nodes that are kept out of load balancing.

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use meshrun_kube::{Client, Query, label_of, list, name_of};
use meshrun_terms::Steps;
use serde_json::{Value, json};

use crate::error::Error;

/// The label by which a node is kept out of load balancing; kubeadm gives it to control planes. MetalLB heeds it since 0.14,
/// and then announces nothing from such a node.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Take the exclusion from every node of a cluster in which no node is without it, as newer kind does for clusters of one
/// node. Where some node may announce, all stay as they are.
///
/// # Errors
/// When the nodes cannot be listed or changed.
pub async fn let_nodes_announce(client: &Client, steps: &Steps) -> Result<(), Error> {
    let nodes = list(client, &Query::of("Node")).await?;
    try_join_all(to_release(&nodes).into_iter().map(|node| release(client, node, steps))).await?;
    Ok(())
}

/// The nodes to take the label from.
fn to_release(nodes: &[Value]) -> Vec<&str> {
    if nodes.iter().any(|node| label_of(node, EXCLUDED).is_none()) {
        return Vec::new();
    }
    nodes.iter().map(name_of).collect()
}

async fn release(client: &Client, node: &str, steps: &Steps) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.kube().clone());
    let patch = Patch::Merge(json!({ "metadata": { "labels": { EXCLUDED: null } } }));
    nodes.patch_metadata(node, &PatchParams::default(), &patch).await.map_err(|source| Error::NodeStaysExcluded {
        context: client.context().to_owned(),
        node: node.to_owned(),
        source: Box::new(source),
    })?;
    steps.changed(format!("let node {node} announce load balancers in {}", client.context()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, excluded: bool) -> Value {
        let labels = if excluded { json!({ EXCLUDED: "" }) } else { json!({ "a": "b" }) };
        json!({ "metadata": { "name": name, "labels": labels } })
    }

    #[test]
    fn nodes_are_released_only_where_none_may_announce() {
        assert_eq!(to_release(&[node("a", true)]), ["a"]);
        assert_eq!(to_release(&[node("a", true), node("b", true)]), ["a", "b"]);
        assert_eq!(to_release(&[node("a", true), node("b", false)]), [] as [&str; 0]);
        assert_eq!(to_release(&[node("a", false)]), [] as [&str; 0]);
        assert_eq!(to_release(&[]), [] as [&str; 0]);
    }
}

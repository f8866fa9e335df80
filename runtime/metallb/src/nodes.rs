//! Nodes that are kept out of load balancing.

use futures::future::try_join_all;
use meshrun_kube::{Changes, Client, Query, Reference, Subject, label, label_of, list, name_of};
use meshrun_terms::Steps;
use serde_json::Value;

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
    let removal = Changes::from([(EXCLUDED.to_owned(), None)]);
    let subjects: Vec<Subject> =
        to_release(&nodes).into_iter().map(|node| Subject::Object(Reference::new("Node", node))).collect();
    try_join_all(subjects.iter().map(|node| label(client, node, &removal, true, steps))).await?;
    Ok(())
}

/// The nodes to take the label from.
fn to_release(nodes: &[Value]) -> Vec<&str> {
    if nodes.iter().any(|node| label_of(node, EXCLUDED).is_none()) {
        return Vec::new();
    }
    nodes.iter().map(name_of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

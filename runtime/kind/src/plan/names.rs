//! Labels and names, by which clusters of this program and of kind are the same.

use crate::config::{Config, Role};

/// The label of every container of a cluster; its value is the cluster's name.
pub const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// The label that tells what a container does in its cluster.
pub const ROLE_LABEL: &str = "io.x-k8s.kind.role";
/// The label, of our own, with the shape that the cluster was asked to have, in JSON.
pub const SHAPE_LABEL: &str = "io.meshrun.shape";

/// The names of the nodes, in the configuration's order: the first of a role has no number.
pub fn nodes(config: &Config) -> Vec<String> {
    let mut counts = [0; 2];
    config
        .nodes
        .iter()
        .map(|node| {
            let count = &mut counts[usize::from(node.role == Role::Worker)];
            *count += 1;
            node_name(&config.name, node.role, *count)
        })
        .collect()
}

/// The name of the node number `number`, from 1, of a role.
pub fn node_name(cluster: &str, role: Role, number: usize) -> String {
    match number {
        1 => format!("{cluster}-{role}"),
        _ => format!("{cluster}-{role}{number}"),
    }
}

/// The name of the load balancer.
pub fn load_balancer(cluster: &str) -> String {
    node_name(cluster, Role::LoadBalancer, 1)
}

/// The names of all containers: the nodes', then the load balancer's if there is one.
pub fn all(config: &Config) -> Vec<String> {
    let mut all = nodes(config);
    all.extend(config.has_load_balancer().then(|| load_balancer(&config.name)));
    all
}

/// The name under which nodes reach the API server: the load balancer's, or the only control plane's.
pub fn endpoint(config: &Config) -> String {
    let role = if config.has_load_balancer() { Role::LoadBalancer } else { Role::ControlPlane };
    node_name(&config.name, role, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Node, Options};

    #[test]
    fn nodes_are_named_by_role_and_number() {
        let mut config = Options { name: Some("a".parse().unwrap()), ..Options::default() }.config().unwrap();
        let image = config.nodes[0].image.clone();
        use Role::{ControlPlane, Worker};
        config.nodes = [ControlPlane, ControlPlane, Worker, ControlPlane, Worker]
            .map(|role| Node::new(role, image.clone()))
            .to_vec();
        assert_eq!(
            all(&config),
            [
                "a-control-plane",
                "a-control-plane2",
                "a-worker",
                "a-control-plane3",
                "a-worker2",
                "a-external-load-balancer"
            ]
        );
        assert_eq!(endpoint(&config), "a-external-load-balancer");
        config.nodes.truncate(1);
        assert_eq!((all(&config).len(), endpoint(&config)), (1, "a-control-plane".to_owned()));
    }
}

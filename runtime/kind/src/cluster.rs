//! Clusters that exist: list them, their nodes, and where their API servers are.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use meshrun_docker::{Container, Docker, Filter, containers};
use serde::Serialize;

use crate::{
    Error,
    config::Role,
    plan::{
        API_PORT,
        names::{CLUSTER_LABEL, ROLE_LABEL},
    },
};

/// The label that Docker Desktop and its like put on a container, with the place where a port is really published.
const DESKTOP_PORT: &str = "desktop.docker.io/ports/6443/tcp";

/// A cluster that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The Docker network that its nodes are on.
    pub network: String,
    /// The API server's URL as seen from this machine; none while it does not run.
    pub server: Option<String>,
    /// The API server's URL as seen from the network, at the address of a node: reachable from other clusters' pods.
    pub internal_server: Option<String>,
    /// Its nodes and load balancer.
    pub nodes: Vec<Node>,
}

/// A node, or the load balancer, of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name, which is that of the container and of the Kubernetes node.
    pub name: String,
    /// `control-plane`, `worker` or `external-load-balancer`.
    pub role: Role,
    /// The state of its container: `running`, `exited` and so on.
    pub state: String,
    /// Its IPv4 address in the network; none while it does not run.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address in the network.
    pub ipv6: Option<Ipv6Addr>,
    /// Its image.
    pub image: String,
}

/// The names of all clusters, sorted; whoever made them.
///
/// # Errors
/// When the engine does not answer.
pub async fn clusters(docker: &Docker) -> Result<Vec<String>, Error> {
    let labelled = labelled(CLUSTER_LABEL, "");
    let all = containers::list(docker, &labelled).await?;
    let names: BTreeSet<String> = all.into_iter().filter_map(|one| one.labels.get(CLUSTER_LABEL).cloned()).collect();
    Ok(names.into_iter().collect())
}

/// The nodes of a cluster and its load balancer: control planes first, then workers, each in order of their numbers.
///
/// # Errors
/// `kind::no_cluster`.
pub async fn nodes(docker: &Docker, cluster: &str) -> Result<Vec<Node>, Error> {
    Ok(get(docker, cluster).await?.nodes)
}

/// A cluster as it is.
///
/// # Errors
/// `kind::no_cluster` with the names of those there are.
pub async fn get(docker: &Docker, cluster: &str) -> Result<Cluster, Error> {
    let all = existing_containers(docker, cluster).await?;
    let network = all.iter().flat_map(|one| one.networks.keys()).next().cloned().unwrap_or_default();
    let mut nodes: Vec<Node> = all.iter().filter_map(|one| node(one, &network)).collect();
    nodes.sort_by(|a, b| {
        let key = |node: &Node| (node.role, node.name.len(), node.name.clone());
        key(a).cmp(&key(b))
    });
    // A load balancer's address is in no certificate that kind has made; that of a control plane always is.
    let internal = nodes.iter().find(|node| node.role == Role::ControlPlane).and_then(address);
    Ok(Cluster {
        name: cluster.to_owned(),
        network,
        server: server(docker, cluster, &all).ok(), // one that does not run has none
        internal_server: internal.map(|address| url(&address.to_string(), API_PORT)),
        nodes,
    })
}

fn node(container: &Container, network: &str) -> Option<Node> {
    let place = container.networks.get(network);
    Some(Node {
        name: container.name.clone(),
        role: role_of(container)?,
        state: container.state.clone(),
        ipv4: place.and_then(|place| place.ipv4),
        ipv6: place.and_then(|place| place.ipv6),
        image: container.image.clone(),
    })
}

fn address(node: &Node) -> Option<IpAddr> {
    node.ipv4.map(IpAddr::from).or(node.ipv6.map(IpAddr::from))
}

/// The containers of a cluster; none is an error that names the clusters there are.
pub(crate) async fn existing_containers(docker: &Docker, cluster: &str) -> Result<Vec<Container>, Error> {
    let all = containers_of(docker, cluster).await?;
    if !all.is_empty() {
        return Ok(all);
    }
    let known: Vec<String> = clusters(docker).await?.into_iter().map(|name| format!("`{name}`")).collect();
    let known = (!known.is_empty()).then(|| known.join(", "));
    Err(Error::NoCluster { cluster: cluster.to_owned(), known })
}

/// The containers of a cluster, running or not.
pub(crate) async fn containers_of(docker: &Docker, cluster: &str) -> Result<Vec<Container>, Error> {
    Ok(containers::list(docker, &labelled(CLUSTER_LABEL, cluster)).await?)
}

fn labelled(label: &str, value: &str) -> Filter {
    Filter { labels: BTreeMap::from([(label.to_owned(), value.to_owned())]), ..Filter::default() }
}

/// What a container does in its cluster; none for one that only goes along with it.
pub(crate) fn role_of(container: &Container) -> Option<Role> {
    container.labels.get(ROLE_LABEL).and_then(|word| Role::of_label(word))
}

/// The first control plane by name, on which commands for the whole cluster run.
pub(crate) fn first_control_plane<'a>(cluster: &str, all: &'a [Container]) -> Result<&'a Container, Error> {
    let planes = all.iter().filter(|one| role_of(one) == Some(Role::ControlPlane));
    planes
        .min_by(|a, b| a.name.cmp(&b.name))
        .ok_or_else(|| Error::NoApiServer { cluster: cluster.to_owned(), reason: "it has no control plane".to_owned() })
}

/// The API server's URL as seen from this machine: where the load balancer, or the only control plane, publishes its port.
pub(crate) fn server(docker: &Docker, cluster: &str, all: &[Container]) -> Result<String, Error> {
    let balancer = all.iter().find(|one| role_of(one) == Some(Role::LoadBalancer));
    let container = match balancer {
        Some(balancer) => balancer,
        None => first_control_plane(cluster, all)?,
    };
    if let Some(place) = container.labels.get(DESKTOP_PORT) {
        return Ok(format!("https://{place}"));
    }
    let missing = || Error::NoApiServer {
        cluster: cluster.to_owned(),
        reason: format!("container `{}` is {} and publishes no port {API_PORT}", container.name, container.state),
    };
    let port = container.published(API_PORT, Default::default()).ok_or_else(missing)?;
    let host = port.host_ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let host = match docker.machine().filter(|_| host.is_unspecified()) {
        Some(machine) => machine.to_owned(),
        None => host.to_string(),
    };
    Ok(url(&host, port.host_port))
}

fn url(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("https://[{host}]:{port}"),
        false => format!("https://{host}:{port}"),
    }
}

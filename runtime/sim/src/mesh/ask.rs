//! A request of a program in a pod, or from outside: names, the sidecar if there is one, the way, the other side.

use std::{net::IpAddr, sync::Arc};

use super::{
    envoy::{self, Client, Destination},
    network::{Network, Nobody, Spot},
    request::{Content, Request},
    rules,
    view::{Pod, Role, Service},
};
use crate::{World, kube::Cluster};

/// What a client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer.
    Content {
        /// What it says.
        content: Content,
        /// The address that the client connected to.
        address: IpAddr,
        /// How long it took.
        milliseconds: u64,
    },
    /// The name of the host is not known.
    NoHost,
    /// Nobody takes the connection.
    Refused,
    /// Nothing comes back: whether there was a connection, and how long a patient client waits.
    Silent {
        /// Whether there was a connection.
        connected: bool,
    },
    /// The connection breaks.
    Reset,
}

/// Send a request from a pod.
pub fn ask(world: &Arc<World>, cluster: &Arc<Cluster>, namespace: &str, pod: &str, request: &Request<'_>) -> Answer {
    let network = Network::of(world);
    let found =
        network.index(cluster.name()).and_then(|index| Some((index, network.views[index].pod(namespace, pod)?)));
    let Some((cluster, pod)) = found else { return Answer::Refused };
    let client = Client { cluster, pod };
    if request.host == "localhost" || request.host.parse::<IpAddr>().is_ok_and(|one| one.is_loopback()) {
        let spot = Spot { cluster, pod, port: request.port };
        let content = crate::pods::local_http(&network, spot, request);
        return content.map_or(Answer::Refused, |content| answered(content, IpAddr::from([127, 0, 0, 1]), 1));
    }
    let Some((address, service)) = resolve(&network, client, request.host) else { return Answer::NoHost };
    let has_sidecar = pod.proxy.as_ref().is_some_and(|proxy| proxy.role == Role::Sidecar);
    if !has_sidecar {
        return plainly(&network, cluster, address, request);
    }
    if !pod.ready {
        return Answer::Refused; // the proxy takes every connection, and does not run yet
    }
    through_sidecar(&network, client, address, service, request)
}

fn answered(content: Content, address: IpAddr, milliseconds: u64) -> Answer {
    Answer::Content { content, address, milliseconds }
}

/// The address of a host as the pod's resolver tells it, and the service it belongs to: the cluster's own services only, unless the proxy answers
/// for names of the mesh.
fn resolve(network: &Network<'_>, client: Client<'_>, host: &str) -> Option<(IpAddr, Option<Destination>)> {
    let view = &network.views[client.cluster];
    let destination = |service: &Service| Destination {
        namespace: service.namespace.clone(),
        name: service.name.clone(),
        port: 0,
        subset: String::new(),
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        let service = view.services.iter().find(|one| one.address == Some(address));
        return Some((address, service.map(destination)));
    }
    if let Some((namespace, name)) = rules::service_of(host, &client.pod.namespace) {
        if let Some(service) = view.service(&namespace, &name) {
            if let Some(alias) = &service.alias {
                return network.world.resolve(alias).map(|address| (address, None));
            }
            let headless = || service.endpoints.first().map(|one| one.address);
            return Some((service.address.or_else(headless)?, Some(destination(service))));
        }
        let captures = client.pod.proxy.as_ref().is_some_and(|proxy| proxy.captures_names);
        let known = network.control(client.cluster).filter(|_| captures).map(|control| network.known(control));
        for (_, cluster) in known.unwrap_or_default() {
            if let Some(service) = network.views[cluster].service(&namespace, &name) {
                return Some((service.address?, Some(destination(service))));
            }
        }
    }
    network.world.resolve(host).map(|address| (address, None))
}

fn through_sidecar(
    network: &Network<'_>,
    client: Client<'_>,
    address: IpAddr,
    service: Option<Destination>,
    request: &Request<'_>,
) -> Answer {
    let Some(mut to) = service else { return passed_on(network, client, address, request) };
    to.port = request.port;
    let control = network.control(client.cluster).unwrap_or(client.cluster);
    let port = network.known(control).into_iter().find_map(|(_, cluster)| {
        let service = network.views[cluster].service(&to.namespace, &to.name)?;
        service.ports.iter().find(|one| one.number == to.port).cloned()
    });
    let Some(port) = port else { return passed_on(network, client, address, request) };
    let route = rules::route(&network.views[control], request, None, &client.pod.namespace).filter(|_| !port.is_tcp);
    let outcome = match &route {
        Some(route) => envoy::follow(network, client, route, request),
        None => envoy::send(network, client, &to, request),
    };
    if port.is_tcp && outcome.content.is_from_proxy() {
        return Answer::Reset;
    }
    waited(outcome, address, request)
}

/// An answer that comes after the client has given up is none.
fn waited(outcome: envoy::Outcome, address: IpAddr, request: &Request<'_>) -> Answer {
    if request.limit.is_some_and(|limit| outcome.milliseconds >= limit) {
        return Answer::Silent { connected: true };
    }
    answered(outcome.content, address, outcome.milliseconds)
}

/// What no service of the mesh is, a sidecar passes on as it is.
fn passed_on(network: &Network<'_>, client: Client<'_>, address: IpAddr, request: &Request<'_>) -> Answer {
    let outcome = match plainly(network, client.cluster, address, request) {
        Answer::Refused => envoy::Outcome { content: envoy::refused(), milliseconds: 3 },
        Answer::Silent { .. } => {
            envoy::Outcome { content: envoy::timed_out(), milliseconds: envoy::CONNECT_MILLISECONDS }
        }
        Answer::Reset => envoy::Outcome { content: envoy::closed(), milliseconds: 3 },
        other => return other,
    };
    waited(outcome, address, request)
}

/// Without a sidecar on the client's side.
fn plainly(network: &Network<'_>, cluster: usize, address: IpAddr, request: &Request<'_>) -> Answer {
    match network.route(cluster, address, request.port) {
        Ok(spot) => at(network, spot, address, request),
        Err(Nobody::Silent) => Answer::Silent { connected: false },
        Err(Nobody::Refused | Nobody::Unreachable) => Answer::Refused,
    }
}

/// A plain connection has come to a pod.
fn at(network: &Network<'_>, spot: Spot<'_>, address: IpAddr, request: &Request<'_>) -> Answer {
    let answer = |content: Option<Content>| content.map_or(Answer::Refused, |content| answered(content, address, 2));
    match &spot.pod.proxy {
        Some(proxy) if proxy.role == Role::Router => {
            if let Some(outcome) = envoy::enter(network, spot, request) {
                return waited(outcome, address, request);
            }
            answer(crate::pods::http(network, spot, request))
        }
        Some(proxy) if proxy.drained => Answer::Refused,
        Some(_) if matches!(spot.port, 15020 | 15021 | 15090) => answer(crate::pods::http(network, spot, request)),
        Some(_) if rules::is_strict(&network.views, network.control(spot.cluster), spot.pod, spot.port) => {
            Answer::Reset
        }
        Some(_) => answer(Some(envoy::inbound(network, spot, request))),
        None => answer(crate::pods::http(network, spot, request)),
    }
}

/// The address that a name has in a pod.
pub fn lookup(world: &Arc<World>, cluster: &Arc<Cluster>, namespace: &str, pod: &str, host: &str) -> Option<IpAddr> {
    let network = Network::of(world);
    let index = network.index(cluster.name())?;
    let pod = network.views[index].pod(namespace, pod)?;
    resolve(&network, Client { cluster: index, pod }, host).map(|(address, _)| address)
}

/// A request from the networks of the engine.
pub fn from_outside(world: &Arc<World>, address: IpAddr, request: &Request<'_>) -> Answer {
    let network = Network::of(world);
    match network.outside(None, address, request.port) {
        Ok(spot) => at(&network, spot, address, request),
        Err(Nobody::Silent) => Answer::Silent { connected: false },
        Err(Nobody::Refused | Nobody::Unreachable) => Answer::Refused,
    }
}

/// Whether somebody takes a connection from outside.
pub fn takes(world: &Arc<World>, address: IpAddr, port: u16) -> bool {
    Network::of(world).outside(None, address, port).is_ok()
}

/// A request that enters a pod through its loopback address, as a forwarded port does.
pub fn within(world: &Arc<World>, cluster: &str, namespace: &str, pod: &str, request: &Request<'_>) -> Option<Content> {
    let network = Network::of(world);
    let index = network.index(cluster)?;
    let found: &Pod = network.views[index].pod(namespace, pod)?;
    crate::pods::local_http(&network, Spot { cluster: index, pod: found, port: request.port }, request)
}

//! What a proxy does with a request: hosts, rules, retries, and the texts of its failures.

use std::{net::IpAddr, sync::Arc};

use serde_json::Value;

use super::{
    balance::{Choice, Policy, duration, weigh},
    network::{Network, Nobody, Spot},
    request::{Content, Request},
    rules,
    view::{Locality, Pod, Port, Role},
};
use crate::controllers::object::{list, text};

/// How long a proxy waits for a connection.
pub const CONNECT_MILLISECONDS: u64 = 10_000;

/// Where a proxy stands.
#[derive(Clone, Copy)]
pub struct Client<'n> {
    /// Its cluster.
    pub cluster: usize,
    /// Its pod.
    pub pod: &'n Pod,
}

/// A destination: a service of the mesh, one of its ports, and the subset.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Namespace of the service.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The number of the port.
    pub port: u16,
    /// The subset, empty for all.
    pub subset: String,
}

/// Somebody whom a proxy can connect to.
#[derive(Debug, Clone)]
struct Host {
    address: IpAddr,
    port: u16,
    tls: bool,
    locality: Locality,
    weight: f64,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failed {
    /// No connection: the operating system's number of the error.
    Refused(u32),
    /// No connection in time.
    Timeout,
    /// No agreement on TLS.
    Tls(String),
    /// The other side closed.
    Closed,
}

/// What came of a request, and how long it took.
pub struct Outcome {
    /// The answer; nothing when the connection of the client is reset.
    pub content: Content,
    /// How long it took.
    pub milliseconds: u64,
}

/// Send a request to a service of the mesh through a proxy.
pub fn send(network: &Network<'_>, client: Client<'_>, to: &Destination, request: &Request<'_>) -> Outcome {
    let answer = |content, milliseconds| Outcome { content, milliseconds };
    let Some(control) = network.control(client.cluster) else {
        return answer(Content::unavailable("no healthy upstream"), 0);
    };
    let rule = rules::destination_rule(network, control, to);
    let policy = Policy::read(rules::policy(rule.as_deref(), to).as_ref());
    let hosts = hosts(network, control, client, to, rule.as_deref(), &policy);
    if hosts.is_empty() {
        return answer(Content::unavailable("no healthy upstream"), 0);
    }
    let choices = choices(network, client, &hosts, &policy);
    let attempts = request.attempts.unwrap_or(3);
    try_all(network, client, to, request, &hosts, &choices, &policy, attempts)
}

#[expect(clippy::too_many_arguments, reason = "one loop of one request, split off to be readable")]
fn try_all(
    network: &Network<'_>,
    client: Client<'_>,
    to: &Destination,
    request: &Request<'_>,
    hosts: &[Host],
    choices: &[Choice],
    policy: &Policy,
    attempts: usize,
) -> Outcome {
    let memory = format!("{}/{}.{}/{}/{}", client.pod.uid, to.name, to.namespace, to.port, to.subset);
    let runtime = network.clusters[client.cluster].runtime();
    let (mut tried, mut milliseconds) = (Vec::new(), 0);
    let mut last = Content::unavailable("no healthy upstream");
    let mut noted = Vec::new();
    for attempt in 0..attempts.max(1) {
        let chosen =
            runtime.clients().choose(&memory, (network.world.seed(), network.world.clock.now()), choices, &tried);
        let Some(index) = chosen else { break };
        tried.push(index);
        let result = connect(network, client, &hosts[index], to, request);
        milliseconds += if result == Err(Failed::Timeout) { CONNECT_MILLISECONDS } else { 3 };
        let bad = result.as_ref().map_or(true, |content| content.status >= 500);
        noted.push((choices[index].key.clone(), bad));
        let (content, again) = match result {
            Ok(content) => {
                let again = content.status == 503;
                (content, again)
            }
            Err(why) => (failure(&why, attempt > 0), !matches!(why, Failed::Closed)),
        };
        last = content;
        if !again || request.limit.is_some_and(|limit| milliseconds >= limit) {
            break;
        }
    }
    // Ejection takes hold for the next request: the first one that fails is seen by the client.
    for (key, failed) in noted {
        runtime.clients().note(&memory, network.world.clock.now(), &key, failed, policy.ejection);
    }
    Outcome { content: last, milliseconds }
}

/// The answer of a proxy when a connection is refused.
pub fn refused() -> Content {
    failure(&Failed::Refused(111), false)
}

/// The answer of a proxy when there is no connection in time.
pub fn timed_out() -> Content {
    failure(&Failed::Timeout, false)
}

/// The answer of a proxy when the other side closes.
pub fn closed() -> Content {
    failure(&Failed::Closed, false)
}

/// The hosts of all services that a proxy is told of, as its administration lists them.
pub fn list_hosts(network: &Network<'_>, client: Client<'_>) -> String {
    let Some(control) = network.control(client.cluster) else { return String::new() };
    let mut services: Vec<(String, String, u16)> = Vec::new();
    for (_, cluster) in network.known(control) {
        for service in &network.views[cluster].services {
            services.extend(
                service.ports.iter().map(|port| (service.namespace.clone(), service.name.clone(), port.number)),
            );
        }
    }
    services.sort();
    services.dedup();
    let mut text = String::new();
    for (namespace, name, port) in services {
        let cluster = format!("outbound|{port}||{name}.{namespace}.svc.cluster.local");
        let to = Destination { namespace, name, port, subset: String::new() };
        let rule = rules::destination_rule(network, control, &to);
        let policy = Policy::read(rules::policy(rule.as_deref(), &to).as_ref());
        for host in hosts(network, control, client, &to, rule.as_deref(), &policy) {
            let line = format!("{cluster}::{}:{}::", host.address, host.port);
            let locality = &host.locality.0;
            text.push_str(&format!(
                "{line}health_flags::healthy\n{line}weight::{}\n{line}region::{}\n{line}zone::{}\n",
                host.weight.max(1.0).round(),
                locality[0],
                locality[1]
            ));
        }
    }
    text
}

/// The text with which a proxy answers for somebody who does not.
fn failure(why: &Failed, retried: bool) -> Content {
    let reason = match why {
        Failed::Refused(number) => {
            format!("remote connection failure, transport failure reason: delayed connect error: {number}")
        }
        Failed::Timeout => "connection timeout".to_owned(),
        Failed::Tls(text) => format!("remote connection failure, transport failure reason: {text}"),
        Failed::Closed => "connection termination".to_owned(),
    };
    let begin = if retried { "retried and the latest reset reason" } else { "reset reason" };
    Content::unavailable(&format!("upstream connect error or disconnect/reset before headers. {begin}: {reason}"))
}

fn choices(network: &Network<'_>, client: Client<'_>, hosts: &[Host], policy: &Policy) -> Vec<Choice> {
    let from = network.views[client.cluster].locality(client.pod);
    let pairs: Vec<(Locality, f64)> = hosts.iter().map(|one| (one.locality.clone(), one.weight)).collect();
    let weights = weigh(&from, &pairs, policy);
    let one = |(host, (priority, weight)): (&Host, (u32, f64))| Choice {
        key: format!("{}:{}/{}", host.address, host.port, host.locality.0.join("/")),
        priority,
        weight,
    };
    hosts.iter().zip(weights).map(one).collect()
}

/// A network's gateways, as the istiod of a cluster knows them.
fn gateways(network: &Network<'_>, control: usize, known: &[(String, usize)], of: &str) -> Vec<(IpAddr, u16)> {
    let mut all = Vec::new();
    for (_, cluster) in known {
        for service in &network.views[*cluster].services {
            if let Some((_, port)) = service.gateway_of.as_ref().filter(|(name, _)| name == of) {
                all.extend(service.external.iter().map(|address| (*address, *port)));
            }
        }
    }
    let listed = network.views[control].listed_gateways.iter().filter(|(name, ..)| name == of);
    all.extend(listed.map(|(_, address, port)| (*address, *port)));
    all.sort();
    all.dedup();
    all
}

/// The hosts of a destination that a proxy is told of.
fn hosts(
    network: &Network<'_>,
    control: usize,
    client: Client<'_>,
    to: &Destination,
    rule: Option<&Value>,
    policy: &Policy,
) -> Vec<Host> {
    let Some(proxy) = &client.pod.proxy else { return Vec::new() };
    let known = network.known(control);
    let Some(wanted_port) = port(network, &known, to) else { return Vec::new() };
    let local_only = rules::is_cluster_local(&network.views[control], to);
    let mut all: Vec<Host> = Vec::new();
    for (id, cluster) in &known {
        if local_only && *cluster != client.cluster {
            continue;
        }
        let view = &network.views[*cluster];
        let Some(service) = view.service(&to.namespace, &to.name) else { continue };
        for endpoint in &service.endpoints {
            let Some(port) = endpoint.ports.get(&wanted_port.name) else { continue };
            let pod = view.pods.iter().find(|pod| pod.address == endpoint.address);
            let of = pod
                .and_then(|pod| pod.labels.get("topology.istio.io/network").cloned())
                .or_else(|| Some(view.network.clone()).filter(|one| !one.is_empty()))
                .or_else(|| network.views[control].networks.get(id).cloned())
                .unwrap_or_default();
            let locality = pod.map(|pod| view.locality(pod)).unwrap_or_default();
            if !rules::is_in_subset(rule, to, pod, id, &of, &locality) {
                continue;
            }
            let visible = proxy.view.is_empty() || of.is_empty() || proxy.view.contains(&of);
            if !visible {
                continue;
            }
            let tls = !policy.plain
                && pod.is_some_and(|pod| pod.labels.get("security.istio.io/tlsMode").is_some_and(|one| one == "istio"));
            let near = of.is_empty() || proxy.network.is_empty() || of == proxy.network;
            let ways = if near { Vec::new() } else { gateways(network, control, &known, &of) };
            if near || ways.is_empty() {
                add(&mut all, Host { address: endpoint.address, port: *port, tls, locality, weight: 1.0 });
                continue;
            }
            // Behind a gateway the name of the service is told by TLS only.
            if tls {
                #[expect(clippy::cast_precision_loss, reason = "there are few gateways")]
                let weight = 1.0 / ways.len() as f64;
                for (address, port) in ways {
                    add(&mut all, Host { address, port, tls, locality: locality.clone(), weight });
                }
            }
        }
    }
    all
}

fn add(all: &mut Vec<Host>, host: Host) {
    let same = |one: &&mut Host| one.address == host.address && one.port == host.port && one.locality == host.locality;
    match all.iter_mut().find(same) {
        Some(one) => one.weight += host.weight,
        None => all.push(host),
    }
}

/// The port of a service, wherever it is known.
fn port<'n>(network: &'n Network<'_>, known: &[(String, usize)], to: &Destination) -> Option<&'n Port> {
    known.iter().find_map(|(_, cluster)| {
        let service = network.views[*cluster].service(&to.namespace, &to.name)?;
        service.ports.iter().find(|one| one.number == to.port)
    })
}

fn connect(
    network: &Network<'_>,
    client: Client<'_>,
    host: &Host,
    to: &Destination,
    request: &Request<'_>,
) -> Result<Content, Failed> {
    let spot = network.route(client.cluster, host.address, host.port).map_err(|why| match why {
        Nobody::Refused => Failed::Refused(111),
        Nobody::Unreachable => Failed::Refused(113),
        Nobody::Silent => Failed::Timeout,
    })?;
    arrive(network, client, spot, to, host.tls, request)
}

/// A connection of a proxy has come to a pod.
fn arrive(
    network: &Network<'_>,
    client: Client<'_>,
    spot: Spot<'_>,
    to: &Destination,
    tls: bool,
    request: &Request<'_>,
) -> Result<Content, Failed> {
    let Some(proxy) = &spot.pod.proxy else {
        if tls {
            listens(network, spot).ok_or(Failed::Refused(111))?;
            let text = "TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end";
            return Err(Failed::Tls(text.to_owned()));
        }
        return crate::pods::http(network, spot, request).ok_or(Failed::Refused(111));
    };
    if proxy.drained {
        return Err(Failed::Refused(111));
    }
    if proxy.role == Role::Router {
        return pass_through(network, client, spot, to, tls, request);
    }
    if !tls {
        return match rules::is_strict(&network.views, network.control(spot.cluster), spot.pod, spot.port) {
            true => Err(Failed::Closed),
            false => Ok(inbound(network, spot, request)),
        };
    }
    shake_hands(network, client, spot, to)?;
    Ok(inbound(network, spot, request))
}

fn listens(network: &Network<'_>, spot: Spot<'_>) -> Option<()> {
    crate::pods::http(network, spot, &Request::probe()).map(drop)
}

/// Both sides show certificates; each must be issued under the root of the other, and the name must be one that the service has.
fn shake_hands(network: &Network<'_>, client: Client<'_>, spot: Spot<'_>, to: &Destination) -> Result<(), Failed> {
    let root = |pod: &Pod| pod.proxy.as_ref().and_then(|proxy| proxy.root.clone());
    let untrusted = || {
        Failed::Tls(
            "TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end".to_owned(),
        )
    };
    match (root(client.pod), root(spot.pod)) {
        (Some(one), Some(other)) if same_root(&one, &other) => {}
        _ => return Err(untrusted()),
    }
    let is_one_of = |pod: &Pod| pod.account == spot.pod.account && pod.namespace == spot.pod.namespace;
    let control = network.control(client.cluster);
    let known = control.map(|control| network.known(control)).unwrap_or_default();
    let mut backing = known.iter().filter_map(|(_, cluster)| {
        let view = &network.views[*cluster];
        let service = view.service(&to.namespace, &to.name)?;
        Some(service.endpoints.iter().filter_map(|one| view.pods.iter().find(|pod| pod.address == one.address)))
    });
    if backing.any(|mut pods| pods.any(is_one_of)) { Ok(()) } else { Err(untrusted()) }
}

fn same_root(one: &Arc<str>, other: &Arc<str>) -> bool {
    let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    one == other || bare(one) == bare(other)
}

/// The sidecar of the server hands a request to its application.
pub fn inbound(network: &Network<'_>, spot: Spot<'_>, request: &Request<'_>) -> Content {
    let content = crate::pods::http(network, spot, request);
    let content = content.map(|content| content.served_by_envoy());
    content.unwrap_or_else(|| failure(&Failed::Refused(111), false))
}

/// A gateway between networks: it reads the name in the client's greeting, and connects to an endpoint in its own network.
fn pass_through(
    network: &Network<'_>,
    client: Client<'_>,
    spot: Spot<'_>,
    to: &Destination,
    tls: bool,
    request: &Request<'_>,
) -> Result<Content, Failed> {
    let control = network.control(spot.cluster).ok_or(Failed::Refused(111))?;
    let host = format!("{}.{}.svc.cluster.local", to.name, to.namespace);
    let servers = rules::servers(&network.views[control], spot.pod, spot.port);
    if servers.is_empty() {
        return Err(Failed::Refused(111));
    }
    let passes = servers.iter().any(|server| {
        text(server, "/tls/mode") == "AUTO_PASSTHROUGH"
            && list(server, "/hosts").iter().any(|one| rules::host_matches(one.as_str().unwrap_or_default(), &host))
    });
    let reset = || {
        Failed::Tls(
            "TLS_error:|33554536:system library:OPENSSL_internal:Connection reset by peer:TLS_error_end".to_owned(),
        )
    };
    if !tls || !passes {
        return Err(reset());
    }
    let gateway = Client { cluster: spot.cluster, pod: spot.pod };
    let hosts = hosts(network, control, gateway, to, None, &Policy::default());
    let choices = choices(network, gateway, &hosts, &Policy::default());
    let memory = format!("{}/{host}/{}", spot.pod.uid, to.port);
    let chosen = network.clusters[spot.cluster].runtime().clients().choose(
        &memory,
        (network.world.seed(), network.world.clock.now()),
        &choices,
        &[],
    );
    let host = &hosts[chosen.ok_or_else(reset)?];
    let end = network.route(spot.cluster, host.address, host.port).map_err(|_| reset())?;
    if end.pod.proxy.as_ref().is_some_and(|proxy| proxy.role == Role::Router) {
        return Err(reset());
    }
    arrive(network, client, end, to, host.tls, request)
}

/// A request from outside at a gateway: its servers, the routes bound to them, then the destination.
pub fn enter(network: &Network<'_>, spot: Spot<'_>, request: &Request<'_>) -> Option<Outcome> {
    let control = network.control(spot.cluster)?;
    let view = &network.views[control];
    let servers = rules::gateways_of(view, spot.pod, spot.port);
    let fits = |(_, server): &&(String, Value)| {
        matches!(text(server, "/port/protocol").to_uppercase().as_str(), "HTTP" | "HTTP2" | "GRPC")
            && list(server, "/hosts").iter().any(|one| {
                let one = one.as_str().unwrap_or_default();
                rules::host_matches(one.rsplit('/').next().unwrap_or(one), request.host)
            })
    };
    if servers.is_empty() {
        return None;
    }
    let names: Vec<&str> = servers.iter().filter(fits).map(|(name, _)| name.as_str()).collect();
    let missing =
        || Outcome { content: Content { status: 404, ..Content::default() }.served_by_envoy(), milliseconds: 0 };
    let client = Client { cluster: spot.cluster, pod: spot.pod };
    let Some(route) = rules::route(view, request, Some(&names), "") else { return Some(missing()) };
    Some(follow(network, client, &route, request))
}

/// Follow a route of a virtual service: abort, redirect or forward.
pub fn follow(network: &Network<'_>, client: Client<'_>, route: &rules::Route, request: &Request<'_>) -> Outcome {
    let rule = &route.rule;
    if let Some(status) = rule.pointer("/fault/abort/httpStatus").and_then(Value::as_u64) {
        let share = rule.pointer("/fault/abort/percentage/value").and_then(Value::as_f64).unwrap_or(100.0);
        if share >= 100.0 {
            let status = u16::try_from(status).unwrap_or(503);
            let content = Content { status, body: b"fault filter abort".to_vec(), ..Content::default() };
            return Outcome { content: content.served_by_envoy(), milliseconds: 0 };
        }
    }
    let memory = format!("{}/route/{}", client.pod.uid, route.name);
    let parts = list(rule, "/route");
    let choice = |(index, part): (usize, &Value)| {
        let weight = part.get("weight").and_then(Value::as_f64);
        Choice {
            key: index.to_string(),
            priority: 0,
            weight: weight.unwrap_or(if parts.len() == 1 { 1.0 } else { 0.0 }),
        }
    };
    let choices: Vec<Choice> = parts.iter().enumerate().map(choice).collect();
    let runtime = network.clusters[client.cluster].runtime();
    let chosen = runtime.clients().choose(&memory, (network.world.seed(), network.world.clock.now()), &choices, &[]);
    let part = chosen.and_then(|index| parts.get(index));
    let to = part.and_then(|part| rules::destination(network, client.cluster, part, &route.namespace, request.port));
    let Some(to) = to else {
        return Outcome { content: Content { status: 503, ..Content::default() }.served_by_envoy(), milliseconds: 0 };
    };
    let attempts = rule.pointer("/retries/attempts").and_then(Value::as_u64).and_then(|one| usize::try_from(one).ok());
    let mut request = request.clone();
    request.attempts = attempts.map(|one| one + 1);
    let mut outcome = send(network, client, &to, &request);
    let timeout = duration(text(rule, "/timeout")).and_then(|one| u64::try_from(one.as_millis()).ok());
    if let Some(timeout) = timeout.filter(|one| outcome.milliseconds > *one) {
        let content = Content { status: 504, body: b"upstream request timeout".to_vec(), ..Content::default() };
        outcome = Outcome { content: content.served_by_envoy(), milliseconds: timeout };
    }
    outcome
}

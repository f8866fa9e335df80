//! What applications answer over HTTP, by the image that they run from.

use serde_json::{Value, json};

use crate::{
    controllers::{
        istiod,
        object::{self, list, text},
    },
    mesh::{
        self,
        envoy::{self, Client},
        network::{Network, Spot},
        request::{Content, Request},
        view::{Role, environment},
    },
};

/// What a pod answers at a port of its address. Nothing when nobody listens there.
pub fn http(network: &Network<'_>, spot: Spot<'_>, request: &Request<'_>) -> Option<Content> {
    if let Some(proxy) = &spot.pod.proxy {
        match spot.port {
            15021 => return Some(health(spot, request)),
            15020 | 15090 => return Some(statistics(network, request)),
            _ if proxy.role == Role::Router => return None,
            _ => {}
        }
    }
    containers(spot).find_map(|container| application(network, spot, container, request))
}

/// The same from within the pod, where more listens.
pub fn local_http(network: &Network<'_>, spot: Spot<'_>, request: &Request<'_>) -> Option<Content> {
    if spot.pod.proxy.is_some() && spot.port == 15000 {
        return Some(administration(network, spot, request));
    }
    http(network, spot, request)
}

fn containers(spot: Spot<'_>) -> impl Iterator<Item = &Value> {
    list(&spot.pod.object, "/spec/containers").iter()
}

/// The last part of the name of an image, without its tag: `pilot`, `examples-helloworld-v1`.
pub fn program_of(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

fn application(network: &Network<'_>, spot: Spot<'_>, container: &Value, request: &Request<'_>) -> Option<Content> {
    let image = text(container, "/image");
    let declared = list(container, "/ports")
        .iter()
        .any(|one| one.get("containerPort").and_then(Value::as_u64) == Some(u64::from(spot.port)));
    match program_of(image) {
        program if program.starts_with("examples-helloworld-") => {
            (spot.port == 5000).then(|| hello(spot, program.trim_start_matches("examples-helloworld-"), request))
        }
        "pilot" => matches!(spot.port, 8080 | 15014).then(|| control_plane(network, spot, request)),
        "nginx" => (spot.port == 80).then(|| welcome(request)),
        "http-echo" => {
            let said = |one: &Value| one.as_str().and_then(|one| one.strip_prefix("-text=")).map(str::to_owned);
            let said = list(container, "/args").iter().find_map(said).unwrap_or_default();
            (spot.port == 5678 || declared)
                .then(|| Content::text(200, "text/plain; charset=utf-8", format!("{said}\n")))
        }
        "httpbin" => (spot.port == 80 || spot.port == 8080).then(|| bin(request)),
        "controller" | "speaker" if image.contains("metallb") => {
            (spot.port == 7472).then(|| Content::text(200, "text/plain", ""))
        }
        "coredns" => match spot.port {
            8080 | 8181 => Some(Content::text(200, "text/plain", "OK")),
            _ => None,
        },
        "proxyv2" | "curl" | "sleep" | "kindnetd" | "kube-proxy" => None,
        _ if declared => {
            let text = network.world.recorder.unknown(format!("what {image} answers at port {}", spot.port));
            Some(Content::text(501, "text/plain", format!("{text}\n")))
        }
        _ => None,
    }
}

/// The sample that says its version.
fn hello(spot: Spot<'_>, version: &str, request: &Request<'_>) -> Content {
    let version = environment(&spot.pod.object, "SERVICE_VERSION").unwrap_or_else(|| version.to_owned());
    let kind = "text/html; charset=utf-8";
    match request.bare_path() {
        "/hello" => Content::text(200, kind, format!("Hello version: {version}, instance: {}\n", spot.pod.name)),
        "/health" => Content::text(200, kind, "Helloworld is healthy"),
        _ => Content::text(
            404,
            kind,
            "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n",
        ),
    }
}

fn welcome(request: &Request<'_>) -> Content {
    match request.bare_path() {
        "/" | "/index.html" => Content::text(
            200,
            "text/html",
            "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n</body>\n</html>\n",
        ),
        _ => Content::text(
            404,
            "text/html",
            "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n",
        ),
    }
}

fn bin(request: &Request<'_>) -> Content {
    let headers: serde_json::Map<String, Value> =
        request.headers.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let path = request.bare_path();
    if let Some(status) = path.strip_prefix("/status/").and_then(|one| one.parse().ok()) {
        return Content { status, ..Content::default() };
    }
    match path {
        "/post" | "/anything" if request.method == "POST" => {
            let data = String::from_utf8_lossy(request.body);
            Content::json(
                &json!({"args": {}, "data": data, "headers": headers, "url": format!("http://{}{path}", request.host)}),
            )
        }
        "/headers" => Content::json(&json!({"headers": headers})),
        "/get" | "/anything" => {
            Content::json(&json!({"args": {}, "headers": headers, "url": format!("http://{}{path}", request.host)}))
        }
        "/ip" => Content::json(&json!({"origin": "127.0.0.1"})),
        _ => Content::text(404, "text/html", "not found"),
    }
}

fn health(spot: Spot<'_>, request: &Request<'_>) -> Content {
    match (request.bare_path(), spot.pod.ready) {
        ("/healthz/ready", true) => Content::default(),
        ("/healthz/ready", false) => Content { status: 503, ..Content::default() },
        _ => Content { status: 404, ..Content::default() },
    }
}

fn statistics(network: &Network<'_>, request: &Request<'_>) -> Content {
    match request.bare_path() {
        "/healthz/ready" => Content::default(),
        path => unknown(network, request, &format!("a proxy's {path}")),
    }
}

/// A path that nobody here knows. The simulator's own probes of a port ask for none, and are no request of a client.
fn unknown(network: &Network<'_>, request: &Request<'_>, what: &str) -> Content {
    if request.is_probe() {
        return Content::default();
    }
    Content::text(501, "text/plain", format!("{}\n", network.world.recorder.unknown(what)))
}

/// The administration of a proxy.
fn administration(network: &Network<'_>, spot: Spot<'_>, request: &Request<'_>) -> Content {
    let plain = |text: String| Content::text(200, "text/plain; charset=UTF-8", text);
    let runtime = network.clusters[spot.cluster].runtime();
    match (request.method, request.bare_path()) {
        ("GET", "/ready") => plain("LIVE\n".to_owned()),
        ("GET", "/clusters") => plain(envoy::list_hosts(network, Client { cluster: spot.cluster, pod: spot.pod })),
        ("GET", "/server_info") => {
            Content::json(&json!({"version": version(network), "state": "LIVE", "node": {"id": node_id(spot)}}))
        }
        ("POST", "/drain_listeners") => {
            runtime.change_process(&spot.pod.uid, |process| process.drained = true);
            plain("OK\n".to_owned())
        }
        ("POST", "/logging") => plain("active loggers:\n".to_owned()),
        ("GET", "/drain_listeners") => Content::text(400, "text/plain", "Method GET not allowed, POST required."),
        (method, path) => unknown(network, request, &format!("a proxy's administration: {method} {path}")),
    }
}

fn node_id(spot: Spot<'_>) -> String {
    let role = if spot.pod.proxy.as_ref().is_some_and(|one| one.role == Role::Router) { "router" } else { "sidecar" };
    let namespace = &spot.pod.namespace;
    format!("{role}~{}~{}.{namespace}~{namespace}.svc.cluster.local", spot.pod.address, spot.pod.name)
}

fn version(network: &Network<'_>) -> String {
    let istiods = network.views.iter().flat_map(|view| view.pods.iter()).find(|pod| istiod::is_istiod(&pod.object));
    istiods.map(|pod| tag(&pod.object)).unwrap_or_default()
}

fn tag(pod: &Value) -> String {
    let image = list(pod, "/spec/containers").first().map(|one| text(one, "/image")).unwrap_or_default();
    image.rsplit_once(':').map_or_else(|| "latest".to_owned(), |(_, tag)| tag.to_owned())
}

/// istiod's own pages.
fn control_plane(network: &Network<'_>, spot: Spot<'_>, request: &Request<'_>) -> Content {
    let cluster = &network.clusters[spot.cluster];
    match request.bare_path() {
        "/ready" => Content::default(),
        "/version" => {
            Content::text(200, "text/plain; charset=utf-8", format!("{}-simulated-Clean", tag(&spot.pod.object)))
        }
        "/debug/clusterz" => Content::json(&mesh::clusterz(network.world, cluster)),
        "/debug/syncz" => Content::json(&syncz(network, spot)),
        "/debug/networkz" => Content::json(&networkz(network, spot)),
        path => unknown(network, request, &format!("istiod's {path}")),
    }
}

/// The proxies that istiod serves.
fn syncz(network: &Network<'_>, spot: Spot<'_>) -> Value {
    let version = tag(&spot.pod.object);
    let mut all = Vec::new();
    for (id, cluster) in network.known(spot.cluster) {
        if network.control(cluster) != Some(spot.cluster) {
            continue;
        }
        for pod in network.views[cluster].pods.iter().filter(|pod| pod.ready && pod.proxy.is_some()) {
            let mut one = json!({
                "cluster_id": id, "proxy": format!("{}.{}", pod.name, pod.namespace), "istio_version": version, "proxy_version": version,
                "proxy_type": if pod.proxy.as_ref().is_some_and(|one| one.role == Role::Router) { "router" } else { "sidecar" },
            });
            let nonce = format!("{:016x}", object::hash(&pod.uid));
            let has_routes = pod.proxy.as_ref().is_some_and(|one| one.role == Role::Sidecar);
            for kind in ["cluster", "listener", "route", "endpoint"] {
                if kind != "route" || has_routes {
                    one[format!("{kind}_sent")] = json!(nonce);
                    one[format!("{kind}_acked")] = json!(nonce);
                }
            }
            all.push(one);
        }
    }
    Value::Array(all)
}

/// The gateways of networks that istiod knows.
fn networkz(network: &Network<'_>, spot: Spot<'_>) -> Value {
    let mut all = Vec::new();
    for (id, cluster) in network.known(spot.cluster) {
        for service in &network.views[cluster].services {
            if let Some((name, port)) = &service.gateway_of {
                for address in &service.external {
                    all.push(json!({"Network": name, "Cluster": id, "Addr": address, "Port": port}));
                }
            }
        }
    }
    Value::Array(all)
}

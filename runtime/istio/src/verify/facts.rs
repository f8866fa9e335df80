//! What there is to know of one cluster of a mesh.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use meshrun_kube::{Client, Query, Reference, find, is_ready, kind_of, label_of, list, name_of, namespace_of, secret};
use serde_json::Value;

use crate::{
    Error,
    debug::{ControlPlane, Remote, control_planes, remotes},
    gateway::address_of,
    install::{STATE, live_webhooks, overlap},
    is_unknown_kind,
    remote::{self, Known, READER, has_reader},
};

/// The facts of one cluster.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the cluster is called.
    pub name: String,
    /// Istio's namespace.
    pub namespace: String,
    /// Its istiods.
    pub control_planes: Vec<ControlPlane>,
    /// The root that istiod is given, and where it was found.
    pub root: Option<Root>,
    /// The fingerprints of the roots that istiod tells every namespace.
    pub published: BTreeSet<String>,
    /// Istio's webhooks.
    pub webhooks: Vec<Webhook>,
    /// Two injectors that take the same pods.
    pub overlapping: Option<(String, String)>,
    /// The network that the installed configuration says.
    pub network: Option<String>,
    /// The network that the namespace says.
    pub namespace_network: Option<String>,
    /// The mesh that the installed configuration says.
    pub mesh: Option<String>,
    /// The gateways for other networks.
    pub east_west: Vec<EastWestGateway>,
    /// When services were exposed through them, if they were.
    pub exposed_since: Option<String>,
    /// The remote clusters that istiod is told of.
    pub known: Vec<Known>,
    /// What istiod says of them; or why it says nothing.
    pub remotes: Result<Vec<Remote>, String>,
    /// Whether the account is there by which other clusters read this one.
    pub reader: bool,
    /// Pods without a proxy where one should be.
    pub uninjected: Vec<Uninjected>,
}

/// A root of trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The secret that holds it: `cacerts`, or `istio-ca-secret` of one that istiod made itself.
    pub secret: String,
    /// SHA-256 of the certificate.
    pub sha256: String,
}

/// A webhook configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// How many of its webhooks have no certificates to trust.
    pub without_bundle: usize,
    /// The fingerprints of the certificates that all of the others trust.
    pub trusted: BTreeSet<String>,
}

/// A gateway for other networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EastWestGateway {
    /// Its name.
    pub name: String,
    /// Its external address.
    pub address: Option<String>,
    /// The network that its service says.
    pub network: Option<String>,
    /// When its oldest pod was made.
    pub oldest_pod: Option<String>,
    /// Whether any of its pods is ready.
    pub ready: bool,
}

/// Pods of a namespace without a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uninjected {
    /// The namespace.
    pub namespace: String,
    /// The pods.
    pub pods: Vec<String>,
}

/// Read the facts of a cluster.
///
/// # Errors
/// When it does not answer, refuses, or has certificates that are none.
pub async fn facts(client: &Client, name: &str, namespace: &str) -> Result<Facts, Error> {
    let (control_planes, root, published, live, state, namespaces) = tokio::try_join!(
        control_planes(client, namespace),
        root(client, namespace),
        published(client, namespace),
        async { Ok(live_webhooks(client).await?) },
        state(client, namespace),
        async { Ok(list(client, &Query::of("v1/Namespace")).await?) },
    )?;
    let (east_west, exposed_since, known, reader, uninjected) = tokio::try_join!(
        east_west(client, namespace),
        exposed_since(client),
        remote::list(client, namespace),
        has_reader(client, namespace, READER),
        uninjected(client, &namespaces),
    )?;
    let remotes = match control_planes.iter().any(|istiod| istiod.ready > 0) {
        true => remotes(client, namespace).await.map_err(|error| error.to_string()),
        false => Err("no istiod is ready".to_owned()),
    };
    let context = client.context();
    let webhooks = live.iter().map(|webhook| webhook_of(webhook, context)).collect::<Result<_, _>>()?;
    let global = |key: &str| {
        let value = state.as_ref()?["spec"]["values"]["global"][key].as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let own = namespaces.iter().find(|one| name_of(one) == namespace);
    Ok(Facts {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        control_planes,
        root,
        published,
        overlapping: overlapping(&live),
        webhooks,
        network: global("network"),
        mesh: global("meshID"),
        namespace_network: own.and_then(|one| label_of(one, "topology.istio.io/network")).map(str::to_owned),
        east_west,
        exposed_since,
        known,
        remotes,
        reader,
        uninjected,
    })
}

/// The fingerprints of the certificates in a text.
fn fingerprints(text: &str, place: &str, context: &str) -> Result<BTreeSet<String>, Error> {
    let failed =
        |source| Error::Certificate { context: context.to_owned(), place: place.to_owned(), source: Box::new(source) };
    Ok(meshrun_pki::inspect(text).map_err(failed)?.into_iter().map(|one| one.sha256).collect())
}

/// The root that istiod signs beneath: that of `cacerts`, else the one that it has made itself.
async fn root(client: &Client, namespace: &str) -> Result<Option<Root>, Error> {
    for (name, keys) in
        [("cacerts", ["root-cert.pem", "ca.crt"]), ("istio-ca-secret", ["root-cert.pem", "ca-cert.pem"])]
    {
        let held = match secret(client, namespace, name).await {
            Err(error) if error.is_not_found() => continue,
            held => held?,
        };
        let text = keys.iter().filter_map(|key| held.data.get(*key)).find(|text| !text.expose().trim().is_empty());
        let Some(text) = text else { continue };
        let found = fingerprints(text.expose(), &format!("secret {name}"), client.context())?;
        return Ok(found.into_iter().next().map(|sha256| Root { secret: name.to_owned(), sha256 }));
    }
    Ok(None)
}

async fn published(client: &Client, namespace: &str) -> Result<BTreeSet<String>, Error> {
    let reference = Reference::new("v1/ConfigMap", "istio-ca-root-cert").in_namespace(namespace);
    let map = find(client, &reference).await?;
    let text = map.as_ref().and_then(|map| map["data"]["root-cert.pem"].as_str()).unwrap_or_default();
    if text.is_empty() {
        return Ok(BTreeSet::new());
    }
    fingerprints(text, "config map istio-ca-root-cert", client.context())
}

fn webhook_of(configuration: &Value, context: &str) -> Result<Webhook, Error> {
    let name = name_of(configuration);
    let hooks = configuration["webhooks"].as_array().into_iter().flatten();
    let mut webhook = Webhook { name: name.to_owned(), without_bundle: 0, trusted: BTreeSet::new() };
    for hook in hooks {
        let bundle = hook["clientConfig"]["caBundle"].as_str().unwrap_or_default();
        match BASE64_STANDARD.decode(bundle).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) if !text.trim().is_empty() => {
                webhook.trusted.extend(fingerprints(&text, &format!("webhook {name}"), context)?);
            }
            _ => webhook.without_bundle += 1,
        }
    }
    Ok(webhook)
}

fn overlapping(live: &[Value]) -> Option<(String, String)> {
    let injectors: Vec<&Value> =
        live.iter().filter(|webhook| kind_of(webhook) == "MutatingWebhookConfiguration").collect();
    overlap(&injectors, &injectors).map(|(one, other)| (one.to_owned(), other.to_owned()))
}

/// The state of the control plane: that of no gateway.
async fn state(client: &Client, namespace: &str) -> Result<Option<Value>, Error> {
    let states = match list(client, &Query::of(STATE).in_namespace(namespace)).await {
        Err(error) if is_unknown_kind(&error) => Vec::new(),
        states => states?,
    };
    let has_istiod = |state: &Value| state["spec"]["components"]["pilot"]["enabled"] == true;
    Ok(states.into_iter().find(has_istiod))
}

async fn east_west(client: &Client, namespace: &str) -> Result<Vec<EastWestGateway>, Error> {
    let query = |kind: &str| Query::of(kind).in_namespace(namespace).with_labels("istio=eastwestgateway");
    let (service_query, pod_query) = (query("v1/Service"), query("v1/Pod"));
    let (services, pods) = tokio::try_join!(list(client, &service_query), list(client, &pod_query))?;
    let gateway = |service: &Value| {
        let own = || pods.iter().filter(|pod| label_of(pod, "app") == label_of(service, "app"));
        let made = |pod: &Value| pod["metadata"]["creationTimestamp"].as_str().map(str::to_owned);
        EastWestGateway {
            name: name_of(service).to_owned(),
            address: address_of(service),
            network: label_of(service, "topology.istio.io/network").map(str::to_owned),
            oldest_pod: own().filter_map(made).min(),
            ready: own().any(is_ready),
        }
    };
    Ok(services.iter().map(gateway).collect())
}

/// When the first Gateway was made that passes traffic of other networks through.
async fn exposed_since(client: &Client) -> Result<Option<String>, Error> {
    let gateways = match list(client, &Query::of("gateways.networking.istio.io").everywhere()).await {
        Err(error) if is_unknown_kind(&error) => Vec::new(),
        gateways => gateways?,
    };
    let passes = |gateway: &&Value| {
        let mut servers = gateway["spec"]["servers"].as_array().into_iter().flatten();
        servers.any(|server| server["tls"]["mode"] == "AUTO_PASSTHROUGH")
    };
    let made = |gateway: &Value| gateway["metadata"]["creationTimestamp"].as_str().map(str::to_owned);
    Ok(gateways.iter().filter(passes).filter_map(made).min())
}

async fn uninjected(client: &Client, namespaces: &[Value]) -> Result<Vec<Uninjected>, Error> {
    let injected: BTreeSet<&str> = namespaces.iter().filter(|one| is_injected(one)).map(name_of).collect();
    if injected.is_empty() {
        return Ok(Vec::new());
    }
    let pods = list(client, &Query::of("v1/Pod").everywhere()).await?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| lacks_proxy(pod)) {
        if let Some(namespace) = namespace_of(pod).filter(|namespace| injected.contains(namespace)) {
            found.entry(namespace.to_owned()).or_default().push(name_of(pod).to_owned());
        }
    }
    Ok(found.into_iter().map(|(namespace, pods)| Uninjected { namespace, pods }).collect())
}

fn is_injected(namespace: &Value) -> bool {
    match label_of(namespace, "istio-injection") {
        Some(value) => value == "enabled",
        None => label_of(namespace, "istio.io/rev").is_some(),
    }
}

/// Whether a pod should have a proxy and has none. Pods in the node's network never get one; pods that are done need none.
fn lacks_proxy(pod: &Value) -> bool {
    let opted_out = label_of(pod, "sidecar.istio.io/inject") == Some("false")
        || pod["metadata"]["annotations"]["sidecar.istio.io/inject"] == "false";
    let is_over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let containers = ["containers", "initContainers"].into_iter();
    let mut containers = containers.flat_map(|key| pod["spec"][key].as_array().into_iter().flatten());
    let has_proxy = containers.any(|container| container["name"] == "istio-proxy");
    !opted_out && !is_over && !has_proxy && pod["spec"]["hostNetwork"] != true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_lacks_a_proxy_unless_it_has_one_or_needs_none() {
        let pod = |labels: Value, spec: Value| json!({ "metadata": { "labels": labels }, "spec": spec, "status": { "phase": "Running" } });
        let plain = json!({ "containers": [{ "name": "app" }] });
        assert!(lacks_proxy(&pod(json!({}), plain.clone())));
        assert!(!lacks_proxy(&pod(json!({ "sidecar.istio.io/inject": "false" }), plain)));
        assert!(!lacks_proxy(&pod(json!({}), json!({ "containers": [{ "name": "app" }, { "name": "istio-proxy" }] }))));
        assert!(!lacks_proxy(&pod(json!({}), json!({ "hostNetwork": true, "containers": [] }))));
    }

    #[test]
    fn a_webhook_tells_whether_it_trusts_anything() {
        let hook = |bundle: &str| json!({ "clientConfig": { "caBundle": bundle } });
        let configuration = json!({ "metadata": { "name": "x" }, "webhooks": [hook(""), hook("")] });
        assert_eq!(webhook_of(&configuration, "a").unwrap().without_bundle, 2);
        let nonsense = BASE64_STANDARD.encode("no certificate");
        let configuration = json!({ "metadata": { "name": "x" }, "webhooks": [hook(&nonsense)] });
        let error = webhook_of(&configuration, "a").unwrap_err();
        assert!(error.to_string().contains("webhook x"), "{error}");
    }
}

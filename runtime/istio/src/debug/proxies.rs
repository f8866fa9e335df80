//! The proxies that are connected to a control plane, and whether they have what it has.

use futures::future::try_join_all;
use meshrun_kube::Client;
use serde::Serialize;
use serde_json::Value;

use super::page::istiods;
use crate::Error;

/// A connected proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proxy {
    /// The pod.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The name of its cluster in the mesh.
    pub cluster: String,
    /// The version of its agent.
    pub version: String,
    /// The istiod that it is connected to.
    pub istiod: String,
    /// How it stands with clusters, as `istioctl proxy-status` says: `SYNCED`, `NOT SENT`, `STALE`, `STALE (Never Acknowledged)`.
    pub clusters: &'static str,
    /// How it stands with listeners.
    pub listeners: &'static str,
    /// How it stands with endpoints.
    pub endpoints: &'static str,
    /// How it stands with routes.
    pub routes: &'static str,
    /// Whether nothing is stale.
    pub synced: bool,
}

/// The proxies that are connected to the istiods of a cluster, by namespace and name.
///
/// # Errors
/// When there is no istiod, or one does not answer.
pub async fn proxies(client: &Client, namespace: &str) -> Result<Vec<Proxy>, Error> {
    let pages = istiods(client, namespace).await?;
    let told = pages.iter().map(|page| async { Ok::<_, Error>(read(&page.json("/debug/syncz").await?, page.pod())) });
    let mut proxies: Vec<Proxy> = try_join_all(told).await?.into_iter().flatten().collect();
    proxies.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    Ok(proxies)
}

fn read(page: &Value, istiod: &str) -> Vec<Proxy> {
    page.as_array().into_iter().flatten().map(|proxy| of(proxy, istiod)).collect()
}

fn of(proxy: &Value, istiod: &str) -> Proxy {
    let text = |key: &str| proxy[key].as_str().unwrap_or_default().to_owned();
    let id = text("proxy");
    let (name, namespace) = id.split_once('.').unwrap_or((&id, ""));
    let kinds = ["cluster", "listener", "endpoint", "route"].map(|kind| standing(proxy, kind));
    let [clusters, listeners, endpoints, routes] = kinds;
    Proxy {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        cluster: text("cluster_id"),
        version: text("istio_version"),
        istiod: istiod.to_owned(),
        clusters,
        listeners,
        endpoints,
        routes,
        synced: kinds.iter().all(|standing| !standing.starts_with("STALE")),
    }
}

fn standing(proxy: &Value, kind: &str) -> &'static str {
    let nonce = |what: &str| proxy[format!("{kind}_{what}")].as_str().unwrap_or_default();
    match (nonce("sent"), nonce("acked")) {
        ("", _) => "NOT SENT",
        (sent, acked) if sent == acked => "SYNCED",
        (_, "") => "STALE (Never Acknowledged)",
        _ => "STALE",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_proxy_stands_as_its_nonces_say() {
        let page = json!([{
            "cluster_id": "cluster1", "proxy": "sleep-1.sample", "istio_version": "1.20.1",
            "cluster_sent": "a", "cluster_acked": "a", "listener_sent": "b", "listener_acked": "a", "endpoint_sent": "c",
        }]);
        let [proxy] = read(&page, "istiod-a").try_into().unwrap();
        assert_eq!((proxy.name.as_str(), proxy.namespace.as_str()), ("sleep-1", "sample"));
        let standings = (proxy.clusters, proxy.listeners, proxy.endpoints, proxy.routes);
        assert_eq!(standings, ("SYNCED", "STALE", "STALE (Never Acknowledged)", "NOT SENT"));
        assert!(!proxy.synced);
    }
}

//! The endpoints that a proxy knows.

use meshrun_kube::Client;
use serde::Serialize;
use serde_json::Value;

use super::page::Page;
use crate::Error;

/// The port of a proxy's own pages.
const ADMIN: u16 = 15000;

/// An endpoint that a proxy knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The proxy's name for what it is an endpoint of, such as `outbound|5000||helloworld.sample.svc.cluster.local`.
    pub cluster: String,
    /// Its address and port: a pod's, or that of another network's gateway.
    pub address: String,
    /// `HEALTHY`, `UNHEALTHY` and so on, as the control plane says.
    pub health: String,
    /// Whether the proxy itself has put it aside for its failures.
    pub ejected: bool,
    /// Where it stands, as `region/zone`; empty when that is not known.
    pub locality: String,
    /// 0 is asked first, higher ones when lower ones fail.
    pub priority: u64,
}

/// The endpoints that a pod's proxy knows. `service` leaves those out whose `cluster` does not contain it.
///
/// # Errors
/// When the pod is not ready, has no proxy, or does not answer.
pub async fn endpoints(
    client: &Client,
    namespace: &str,
    pod: &str,
    service: Option<&str>,
) -> Result<Vec<Endpoint>, Error> {
    let page = Page::open(client, namespace, pod, ADMIN).await?;
    let answer = page.json("/clusters?format=json").await?;
    let wanted = |endpoint: &Endpoint| service.is_none_or(|service| endpoint.cluster.contains(service));
    Ok(read(&answer).into_iter().filter(wanted).collect())
}

fn read(answer: &Value) -> Vec<Endpoint> {
    let clusters = answer["cluster_statuses"].as_array().into_iter().flatten();
    let hosts = clusters.flat_map(|cluster| {
        let hosts = cluster["host_statuses"].as_array().into_iter().flatten();
        hosts.map(move |host| of(host, cluster["name"].as_str().unwrap_or_default()))
    });
    hosts.collect()
}

fn of(host: &Value, cluster: &str) -> Endpoint {
    let socket = &host["address"]["socket_address"];
    let address = match socket["address"].as_str() {
        Some(address) => format!("{address}:{}", socket["port_value"]),
        None => host["address"]["pipe"]["path"].as_str().unwrap_or_default().to_owned(),
    };
    let place = |key: &str| host["locality"][key].as_str().filter(|text| !text.is_empty());
    let health = &host["health_status"];
    Endpoint {
        cluster: cluster.to_owned(),
        address,
        health: health["eds_health_status"].as_str().unwrap_or("UNKNOWN").to_owned(),
        ejected: health["failed_outlier_check"] == true,
        locality: [place("region"), place("zone")].into_iter().flatten().collect::<Vec<_>>().join("/"),
        priority: host["priority"].as_u64().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_are_read_from_the_proxys_page() {
        let answer = json!({ "cluster_statuses": [{ "name": "outbound|5000||helloworld.sample.svc.cluster.local", "host_statuses": [
            {
                "address": { "socket_address": { "address": "172.18.255.201", "port_value": 15443 } },
                "health_status": { "eds_health_status": "HEALTHY", "failed_outlier_check": true },
                "locality": { "region": "region2", "zone": "zone2" }, "priority": 1,
            },
            { "address": { "pipe": { "path": "/run/x" } }, "health_status": {} },
        ] }] });
        let [gateway, pipe] = read(&answer).try_into().unwrap();
        assert_eq!((gateway.address.as_str(), gateway.locality.as_str()), ("172.18.255.201:15443", "region2/zone2"));
        assert!(gateway.ejected && gateway.priority == 1);
        assert_eq!((pipe.address.as_str(), pipe.health.as_str()), ("/run/x", "UNKNOWN"));
    }
}

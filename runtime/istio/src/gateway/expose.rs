//! What is exposed through the east-west gateway: services, or istiod itself.

use meshrun_kube::{Applied, ApplyOptions, Client, Object, Origin, apply};
use meshrun_terms::{Steps, Timeout};
use serde_json::{Value, json};

use crate::Error;

/// The Gateway that lets the other clusters reach every service of the mesh through the east-west gateway: TLS is passed
/// through by its server name, so that mutual TLS holds from sidecar to sidecar.
pub fn expose_services(namespace: &str) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "Gateway",
        "metadata": { "name": "cross-network-gateway", "namespace": namespace },
        "spec": {
            "selector": { "istio": "eastwestgateway" },
            "servers": [{
                "port": { "number": 15443, "name": "tls", "protocol": "TLS" },
                "tls": { "mode": "AUTO_PASSTHROUGH" },
                "hosts": ["*.local"],
            }],
        },
    })
}

/// The Gateway and VirtualService that let remote clusters reach this cluster's istiod through the east-west gateway.
pub fn expose_istiod(namespace: &str, revision: Option<&str>) -> Vec<Value> {
    let ports = [(15012, "tls-istiod"), (15017, "tls-istiodwebhook")];
    let server = |(number, name): &(u16, &str)| {
        json!({
            "port": { "name": name, "number": number, "protocol": "tls" },
            "tls": { "mode": "PASSTHROUGH" },
            "hosts": ["*"],
        })
    };
    let service = revision.map_or_else(|| "istiod".to_owned(), |revision| format!("istiod-{revision}"));
    let host = format!("{service}.{namespace}.svc.cluster.local");
    let names = match revision {
        Some(_) => json!([format!("{service}.{namespace}.svc"), host]),
        None => json!(["*"]),
    };
    let route = |from: u16, to: u16| {
        json!({
            "match": [{ "port": from, "sniHosts": names }],
            "route": [{ "destination": { "host": host, "port": { "number": to } } }],
        })
    };
    let virtual_service = revision.map_or_else(|| "istiod-vs".to_owned(), |revision| format!("istiod-vs-{revision}"));
    vec![
        json!({
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "Gateway",
            "metadata": { "name": "istiod-gateway", "namespace": namespace },
            "spec": { "selector": { "istio": "eastwestgateway" }, "servers": ports.iter().map(server).collect::<Vec<_>>() },
        }),
        json!({
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "VirtualService",
            "metadata": { "name": virtual_service, "namespace": namespace },
            "spec": {
                "hosts": names,
                "gateways": ["istiod-gateway"],
                "tls": [route(15012, 15012), route(15017, 443)],
            },
        }),
    ]
}

/// Put what is exposed into a cluster. A webhook that does not serve yet is waited for. A repeat changes nothing.
///
/// # Errors
/// When the cluster has no Istio, or refuses.
pub async fn expose(
    client: &Client,
    objects: Vec<Value>,
    timeout: Timeout,
    steps: &Steps,
) -> Result<Vec<Applied>, Error> {
    let objects = objects.into_iter().map(|value| Object { value, origin: Origin::default() }).collect();
    let options = ApplyOptions { force: true, timeout, ..ApplyOptions::default() };
    Ok(apply(client, objects, &options, steps).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiod_of_a_revision_is_exposed_by_its_own_name() {
        let [_, plain] = expose_istiod("istio-system", None).try_into().unwrap();
        assert_eq!((&plain["metadata"]["name"], &plain["spec"]["hosts"]), (&json!("istiod-vs"), &json!(["*"])));
        let [_, canary] = expose_istiod("istio-system", Some("canary")).try_into().unwrap();
        assert_eq!(canary["metadata"]["name"], "istiod-vs-canary");
        let hosts = json!(["istiod-canary.istio-system.svc", "istiod-canary.istio-system.svc.cluster.local"]);
        assert_eq!(canary["spec"]["hosts"], hosts);
        assert_eq!(
            canary["spec"]["tls"][1]["route"][0]["destination"],
            json!({ "host": hosts[1], "port": { "number": 443 } })
        );
    }
}

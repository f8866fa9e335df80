//! The east-west gateway and what is exposed through it, as data.

use serde_json::{Value, json};

/// The name of the gateway in the multicluster guides.
pub const EAST_WEST_GATEWAY: &str = "istio-eastwestgateway";

/// The ports of the gateway, in the guide's order: readiness, traffic between clusters, istiod's xDS and webhooks.
const PORTS: [(&str, u16); 4] = [("status-port", 15021), ("tls", 15443), ("tls-istiod", 15012), ("tls-webhook", 15017)];

/// What an east-west gateway is made of.
#[derive(Debug, Clone, Default)]
pub struct EastWest {
    /// The network that the cluster is on; none for a single-cluster gateway.
    pub network: Option<String>,
    /// The mesh's name; as in the install of the control plane.
    pub mesh: Option<String>,
    /// The cluster's name in the mesh.
    pub cluster: Option<String>,
    /// The revision of the control plane that serves it.
    pub revision: Option<String>,
}

/// The IstioOperator of an east-west gateway, as the guide's `gen-eastwest-gateway.sh` makes it: profile `empty` and one
/// ingress gateway, with a name of its own so that pruning does not take it for a part of the control plane.
pub fn east_west(options: &EastWest) -> Value {
    let mut labels = json!({ "istio": "eastwestgateway", "app": EAST_WEST_GATEWAY });
    let mut kubernetes = json!({ "service": { "ports": ports() } });
    let mut global = json!({});
    if let Some(network) = &options.network {
        labels["topology.istio.io/network"] = json!(network);
        kubernetes["env"] = json!([{ "name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": network }]);
        global["network"] = json!(network);
    }
    if let Some(mesh) = &options.mesh {
        global["meshID"] = json!(mesh);
    }
    if let Some(cluster) = &options.cluster {
        global["multiCluster"] = json!({ "clusterName": cluster });
    }
    let gateway = json!({ "name": EAST_WEST_GATEWAY, "enabled": true, "label": labels, "k8s": kubernetes });
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": { "name": "eastwest" },
        "spec": {
            "revision": options.revision.clone().unwrap_or_default(),
            "profile": "empty",
            "components": { "ingressGateways": [gateway] },
            "values": {
                "gateways": { "istio-ingressgateway": { "injectionTemplate": "gateway" } },
                "global": global,
            },
        },
    })
}

fn ports() -> Value {
    PORTS.iter().map(|(name, port)| json!({ "name": name, "port": port, "targetPort": port })).collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_of_a_network_asks_for_the_view_of_that_network() {
        let operator = east_west(&EastWest { network: Some("network1".to_owned()), ..EastWest::default() });
        let gateway = &operator["spec"]["components"]["ingressGateways"][0];
        assert_eq!(gateway["label"]["topology.istio.io/network"], "network1");
        assert_eq!(gateway["k8s"]["env"][0]["name"], "ISTIO_META_REQUESTED_NETWORK_VIEW");
        let ports: Vec<_> =
            gateway["k8s"]["service"]["ports"].as_array().unwrap().iter().map(|port| port["port"].clone()).collect();
        assert_eq!(ports, [15021, 15443, 15012, 15017]);
        assert_eq!(operator["spec"]["profile"], "empty");
        assert_eq!(operator["metadata"]["name"], "eastwest");
    }

    #[test]
    fn a_gateway_of_a_single_cluster_names_no_network() {
        let operator = east_west(&EastWest::default());
        assert_eq!(operator["spec"]["values"]["global"], json!({}));
        assert_eq!(operator["spec"]["components"]["ingressGateways"][0]["k8s"].get("env"), None);
    }
}

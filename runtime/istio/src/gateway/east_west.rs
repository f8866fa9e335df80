//! The east-west gateway, through which clusters on other networks come in, as data.

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
    /// Its name, when it is not the guide's.
    pub name: Option<String>,
    /// Its namespace, when it is not Istio's.
    pub namespace: Option<String>,
}

/// The IstioOperator of an east-west gateway, as the guide's `gen-eastwest-gateway.sh` makes it: profile `empty` and one
/// ingress gateway, with a name of its own so that pruning does not take it for a part of the control plane.
pub fn east_west(options: &EastWest) -> Value {
    let name = options.name.as_deref().unwrap_or(EAST_WEST_GATEWAY);
    // Two gateways of one state object would prune each other.
    let state = if name == EAST_WEST_GATEWAY { "eastwest" } else { name };
    let mut labels = json!({ "istio": "eastwestgateway", "app": name });
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
    let mut gateway = json!({ "name": name, "enabled": true, "label": labels, "k8s": kubernetes });
    if let Some(namespace) = &options.namespace {
        gateway["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": { "name": state },
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

    #[test]
    fn a_gateway_of_another_name_has_a_state_of_its_own() {
        let options = EastWest { name: Some("west".into()), namespace: Some("edge".into()), ..EastWest::default() };
        let operator = east_west(&options);
        let gateway = &operator["spec"]["components"]["ingressGateways"][0];
        assert_eq!((&operator["metadata"]["name"], &gateway["namespace"]), (&json!("west"), &json!("edge")));
        assert_eq!(gateway["label"], json!({ "app": "west", "istio": "eastwestgateway" }));
    }
}

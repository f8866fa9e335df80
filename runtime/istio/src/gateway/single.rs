//! One gateway by itself, as an IstioOperator with a state object of its own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// A gateway.
#[derive(Debug, Clone, Default)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// Its namespace, when it is not Istio's.
    pub namespace: Option<String>,
    /// Whether traffic leaves the mesh through it, instead of entering.
    pub egress: bool,
    /// Labels of its pods besides `istio` and `app`, or in their place.
    pub labels: BTreeMap<String, String>,
    /// The ports of its service; by default those of the chart.
    pub ports: Vec<Port>,
    /// The type of its service; by default `LoadBalancer`, for egress `ClusterIP`.
    pub service_type: Option<String>,
    /// The revision of the control plane that serves it.
    pub revision: Option<String>,
}

/// A port of a gateway's service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Its name, which tells the protocol: `http2`, `https`, `tls`, `tcp-database`.
    pub name: String,
    /// The service's port.
    pub port: u16,
    /// The gateway's own port; by default the same.
    #[serde(default)]
    pub target: Option<u16>,
}

/// The IstioOperator of a gateway: profile `empty`, named for the gateway so that pruning does not take it for a part of anything
/// else.
pub fn gateway(options: &Gateway) -> Value {
    let name = options.name.as_str();
    let mut labels = json!({ "istio": name.strip_prefix("istio-").unwrap_or(name), "app": name });
    for (key, value) in &options.labels {
        labels[key] = json!(value);
    }
    let mut gateway = json!({ "name": name, "enabled": true, "label": labels });
    if let Some(namespace) = &options.namespace {
        gateway["namespace"] = json!(namespace);
    }
    if !options.ports.is_empty() {
        gateway["k8s"]["service"]["ports"] = options.ports.iter().map(port).collect();
    }
    if let Some(kind) = &options.service_type {
        gateway["k8s"]["service"]["type"] = json!(kind);
    }
    let (component, values) = match options.egress {
        true => ("egressGateways", "istio-egressgateway"),
        false => ("ingressGateways", "istio-ingressgateway"),
    };
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": { "name": name },
        "spec": {
            "revision": options.revision.clone().unwrap_or_default(),
            "profile": "empty",
            "components": { component: [gateway] },
            "values": { "gateways": { values: { "injectionTemplate": "gateway" } } },
        },
    })
}

fn port(port: &Port) -> Value {
    json!({ "name": port.name, "port": port.port, "targetPort": port.target.unwrap_or(port.port) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_has_its_ports_labels_and_a_state_of_its_own() {
        let options = Gateway {
            name: "istio-edge".to_owned(),
            labels: [("team".to_owned(), "web".to_owned())].into(),
            ports: vec![Port { name: "http2".to_owned(), port: 80, target: Some(8080) }],
            ..Gateway::default()
        };
        let operator = gateway(&options);
        assert_eq!(operator["metadata"]["name"], "istio-edge");
        let gateway = &operator["spec"]["components"]["ingressGateways"][0];
        assert_eq!(gateway["label"], json!({ "app": "istio-edge", "istio": "edge", "team": "web" }));
        assert_eq!(gateway["k8s"]["service"]["ports"], json!([{ "name": "http2", "port": 80, "targetPort": 8080 }]));
    }

    #[test]
    fn an_egress_gateway_is_of_its_own_kind() {
        let operator = gateway(&Gateway { name: "out".to_owned(), egress: true, ..Gateway::default() });
        assert_eq!(operator["spec"]["components"]["egressGateways"][0]["name"], "out");
        assert_eq!(operator["spec"]["components"].get("ingressGateways"), None);
    }
}

//! `istio::install_gateway`: one gateway by itself.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_istio::gateway::{self, Port};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    configuration::{Configuration, version, whole_operator},
    east_west::{GATEWAY, Gateway, Place, install_gateway},
    install::{timeout, yes},
    install_failures, istio_namespace,
};
use crate::{Cluster, Cx, Operation};

/// Install a gateway in a cluster with an istiod, and wait until it is ready. It has a state of its own, so that neither an install of
/// the control plane nor of another gateway removes it. Returns the gateway; a repeat changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallGateway {
    /// The cluster.
    cluster: Cluster,
    /// The gateway's name, such as `istio-ingressgateway`.
    name: String,
    /// The gateway's namespace, which must exist.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// Whether traffic leaves the mesh through it, instead of entering.
    #[serde(default)]
    egress: bool,
    /// Labels of its pods, besides `app`, its name, and `istio`, its name without `istio-`.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The ports of its service; by default those of the chart: 15021, 80 and 443.
    #[serde(default)]
    ports: Vec<Port>,
    /// The type of its service: `LoadBalancer`, `NodePort` or `ClusterIP`; by default the chart's.
    #[serde(default)]
    service_type: Option<String>,
    /// The revision of the control plane that serves it.
    #[serde(default)]
    revision: Option<String>,
    /// IstioOperators as maps, or only their `spec`, or YAML texts, laid over the gateway's.
    #[serde(default)]
    operators: Vec<Value>,
    /// `path=value`, written over all that.
    #[serde(default)]
    set: Vec<String>,
    /// The version of Istio.
    #[serde(default = "version")]
    version: String,
    /// A folder with an unpacked release or its `manifests`, in place of the release of that version.
    #[serde(default)]
    release: Option<String>,
    /// Whether to wait until the gateway is ready.
    #[serde(default = "yes")]
    wait: bool,
    /// Whether to wait until a load balancer has given it an address.
    #[serde(default)]
    address: bool,
    /// How long it may take once the release is at hand, for which it may take as long again.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

impl Operation for InstallGateway {
    type Output = Gateway;

    const NAME: &'static str = "istio::install_gateway";
    const POSITIONAL: &'static [&'static str] = &["cluster", "name"];
    const RETURNS: &'static str = GATEWAY;
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube, Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = install_failures![];
    const EXAMPLE: &'static str = r#"let gateway = istio::install_gateway("kind-cluster1", "istio-edge", #{
    ports: [#{ name: "http2", port: 80, target: 8080 }],
    address: true,
});
print(gateway.address);"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.name, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let operator = gateway::gateway(&gateway::Gateway {
            name: self.name.clone(),
            namespace: Some(self.namespace.clone()).filter(|namespace| *namespace != istio_namespace()),
            egress: self.egress,
            labels: self.labels,
            ports: self.ports,
            service_type: self.service_type,
            revision: self.revision,
        });
        let operators = [operator].into_iter().chain(self.operators.into_iter().map(whole_operator)).collect();
        let configuration = Configuration {
            operators,
            set: self.set,
            version: self.version,
            release: self.release,
            ..Configuration::default()
        };
        let place = Place { cluster: &self.cluster, name: self.name, namespace: self.namespace };
        install_gateway(cx, place, &configuration, self.wait, self.address, self.timeout).await
    }
}

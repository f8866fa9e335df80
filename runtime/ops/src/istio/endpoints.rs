//! `istio::endpoints`: where a proxy sends what.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::debug::{Endpoint, endpoints};
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// List the endpoints that a pod's proxy knows, as `istioctl proxy-config endpoint` does. A service of another network shows with the
/// address of that network's east-west gateway, port 15443. Needs a ready pod with a proxy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// The cluster.
    cluster: Cluster,
    /// The pod.
    pod: String,
    /// The pod's namespace.
    #[serde(default = "namespace")]
    namespace: String,
    /// Only what contains this in its name, such as `helloworld.sample`.
    #[serde(default)]
    service: Option<String>,
}

fn namespace() -> String {
    "default".to_owned()
}

impl Operation for Endpoints {
    type Output = Vec<Endpoint>;

    const NAME: &'static str = "istio::endpoints";
    const POSITIONAL: &'static [&'static str] = &["cluster", "pod"];
    const RETURNS: &'static str = "a list of maps: cluster (the proxy's name for it, such as `outbound|5000||helloworld.sample.svc.cluster.local`), address, health (`HEALTHY` and so on), ejected (for its failures), locality (`region/zone`), priority (0 comes first)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["istio::no_answer", "kube::no_pod", "kube::not_found", "kube::port_taken"];
    const EXAMPLE: &'static str = r#"let pod = kube::pods("kind-cluster1", #{ namespace: "sample", selector: "app=sleep" })[0];
for endpoint in istio::endpoints("kind-cluster1", pod.metadata.name, #{ namespace: "sample", service: "helloworld" }) {
    print(`${endpoint.address} ${endpoint.health}`);
}"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.pod, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(endpoints(&client, &self.namespace, &self.pod, self.service.as_deref()).await?)
    }
}

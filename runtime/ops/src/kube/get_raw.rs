//! `kube::get_raw`: any path of an API server.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::raw;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Read any path of the API server. Returns the answer as text. Through `/proxy/` paths it reaches ports of pods and services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRaw {
    /// The cluster.
    cluster: Cluster,
    /// The path: `/healthz`, `/api/v1/namespaces/a/pods/b:8080/proxy/metrics`.
    path: String,
    /// How long the answer may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::seconds(30)
}

impl Operation for GetRaw {
    type Output = String;

    const NAME: &'static str = "kube::get_raw";
    const POSITIONAL: &'static [&'static str] = &["cluster", "path"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::not_found", "kube::invalid"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
print(kube::get_raw(east, "/healthz"));"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(raw(&client, &self.path, self.timeout).await?)
    }
}

//! `kube::secret`: what a secret holds.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{SecretData, secret};
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Read a secret. Returns its values decoded: what is text under `data`, everything else in base64 under `binary`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadSecret {
    /// The cluster.
    cluster: Cluster,
    /// Its name.
    name: String,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
}

impl Operation for ReadSecret {
    type Output = SecretData;

    const NAME: &'static str = "kube::secret";
    const POSITIONAL: &'static [&'static str] = &["cluster", "name"];
    const RETURNS: &'static str = "a map: type, data, binary";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::not_found"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::create_secret(east, "login", #{ user: "admin" });
let user = kube::secret(east, "login").data.user;"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.name, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let namespace = self.namespace.as_deref().unwrap_or(client.namespace());
        Ok(secret(&client, namespace, &self.name).await?)
    }
}

//! `kube::version`: the version of a cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Version, version};
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Tell the version of Kubernetes that a cluster runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadVersion {
    /// The cluster.
    cluster: Cluster,
}

impl Operation for ReadVersion {
    type Output = Version;

    const NAME: &'static str = "kube::version";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a map: version (`v1.27.3`), platform (`linux/amd64`)";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
print(kube::version(east).version);"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(version(&client).await?)
    }
}

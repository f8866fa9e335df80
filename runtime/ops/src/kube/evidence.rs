//! `kube::evidence`: why an object is not as it should be.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Evidence, evidence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// Collect what there is to see about an object that is not as it should be: its conditions, its pods and what they wait for, the last
/// events, the last lines of containers that crash. `lines` is the same to print.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowEvidence {
    /// The cluster.
    cluster: Cluster,
    /// The object, as kind and name: `deploy/web`. Kinds are written as for kubectl, short names included.
    object: String,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
}

/// Evidence, with its lines.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    evidence: Evidence,
    lines: Vec<String>,
}

impl Operation for ShowEvidence {
    type Output = Shown;

    const NAME: &'static str = "kube::evidence";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "a map: object, conditions, pods, events, unread, lines";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::bad_reference"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
for line in kube::evidence(east, "deploy/coredns", #{ namespace: "kube-system" }).lines { print(line); }"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let evidence = evidence(&client, &reference(&self.object, self.namespace)?).await;
        Ok(Shown { lines: evidence.lines(), evidence })
    }
}

//! `kube::find`: one object that may not exist.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::find;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// Read an object that may not exist. Returns it as the API server has it, or `()`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The cluster.
    cluster: Cluster,
    /// The object, as kind and name: `deploy/web`. Kinds are written as for kubectl, short names included.
    object: String,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
}

impl Operation for Find {
    type Output = Option<Value>;

    const NAME: &'static str = "kube::find";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "a map, the object, or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::no_kind", "kube::bad_reference"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
if kube::find(east, "configmap/settings") == () { print("no settings yet"); }"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        Ok(find(&client, &reference(&self.object, self.namespace)?).await?)
    }
}

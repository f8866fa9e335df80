//! `kube::can_i`: what one may do.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Act, can_i};
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Ask whether the user of the context may do something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanI {
    /// The cluster.
    cluster: Cluster,
    /// `get`, `list`, `create`, `patch`, `delete` and so on.
    verb: String,
    /// The kind, as for kubectl.
    kind: String,
    /// The namespace; all of them when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// One object; any when it is left out.
    #[serde(default)]
    name: Option<String>,
    /// A part of the object: `exec`, `log`.
    #[serde(default)]
    subresource: Option<String>,
}

impl Operation for CanI {
    type Output = bool;

    const NAME: &'static str = "kube::can_i";
    const POSITIONAL: &'static [&'static str] = &["cluster", "verb", "kind"];
    const RETURNS: &'static str = "true or false";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures!["kube::no_kind"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
if !kube::can_i(east, "create", "namespaces") { throw "not an administrator"; }"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let Self { verb, kind, namespace, name, subresource, .. } = self;
        Ok(can_i(&client, &Act { verb, kind, subresource, name, namespace }).await?)
    }
}

//! `kube::wait`: wait until an object is as it should be.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Condition, WaitOptions, wait};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{cluster_failures, selection::Selection};
use crate::{Cluster, Cx, Operation};

/// Wait until an object, or all objects of a kind that a selection leaves (of which there must be one), are as a condition says. Returns the
/// objects, without any that are gone. When the time is over the failure tells what was last seen: the object's conditions, what its pods
/// wait for, the last events, the last lines of containers that crash.
///
/// A condition is a word: `ready`, `rolled_out`, `exists`, `deleted`, `established`, `endpoints` (a service has a ready one), `address` (a load
/// balancer gave one), `ca_bundle` (webhooks have theirs). Or as `kubectl wait --for` has it: `condition=Available`, `jsonpath={.status.phase}=Active`.
/// Or a map: `#{ path: "spec.replicas", equals: 3 }`, with `matches` and a regular expression in place of `equals`, or neither for something
/// that is set; `#{ all: […] }`, `#{ any: […] }`, `#{ not: … }`. A list means all of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// The cluster.
    cluster: Cluster,
    /// One object, as `deploy/web`, or a kind, as `pods`, of which all objects are meant. Kinds are written as for kubectl.
    object: String,
    /// What it should be like.
    condition: Condition,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Only objects with these labels: `app=web,tier in (a, b)`.
    #[serde(default)]
    selector: Option<String>,
    /// Only objects with these fields: `spec.nodeName=node1`.
    #[serde(default)]
    field_selector: Option<String>,
    /// Look into all namespaces.
    #[serde(default)]
    all_namespaces: bool,
    /// How long to wait.
    #[serde(default = "timeout")]
    timeout: Timeout,
    /// Give up early, when for so long a container could not be started (image, configuration, crashes), or a rollout has stopped.
    /// When it is left out, the whole time is waited.
    #[serde(default)]
    fail_fast: Option<Timeout>,
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

impl Operation for Wait {
    type Output = Vec<Value>;

    const NAME: &'static str = "kube::wait";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object", "condition"];
    const RETURNS: &'static str = "a list of maps, the objects";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::no_kind",
        "kube::bad_reference",
        "kube::bad_path",
        "kube::bad_pattern",
        "kube::invalid",
        "kube::wait"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::wait(east, "deploy/coredns", "rolled_out", #{ namespace: "kube-system", timeout: "2m" });
kube::wait(east, "nodes", "ready");"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let selection = Selection {
            namespace: self.namespace,
            selector: self.selector,
            field_selector: self.field_selector,
            all_namespaces: self.all_namespaces,
        };
        let subject = selection.of(&self.object)?;
        let options = WaitOptions { timeout: self.timeout, fail_fast: self.fail_fast };
        Ok(wait(&client, &subject, &self.condition, &options, cx.steps()).await?)
    }
}

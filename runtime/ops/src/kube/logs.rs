//! `kube::logs`: what containers have written.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Log, LogOptions, logs};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, selection::Selection};
use crate::{Cluster, Cx, Operation};

/// Read the log of a pod, or those of all pods of a workload, behind a service, or of a selection of pods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// The cluster.
    cluster: Cluster,
    /// `pod/web-1`, `deploy/web`, `svc/web`, or `pods` with a selector.
    object: String,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Only objects with these labels: `app=web,tier in (a, b)`.
    #[serde(default)]
    selector: Option<String>,
    /// The container; when it is left out, the one that the pod names as its default, else its first.
    #[serde(default)]
    container: Option<String>,
    /// Only so many lines from the end.
    #[serde(default)]
    tail: Option<u32>,
    /// Only what is younger than this.
    #[serde(default)]
    since: Option<Timeout>,
    /// The log of the run before the last restart.
    #[serde(default)]
    previous: bool,
    /// Each line with its time before it.
    #[serde(default)]
    timestamps: bool,
}

impl Operation for Logs {
    type Output = Vec<Log>;

    const NAME: &'static str = "kube::logs";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "a list of maps: pod, container, text";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::no_kind", "kube::not_found", "kube::bad_reference", "kube::invalid"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
let dns = kube::logs(east, "deploy/coredns", #{ namespace: "kube-system", tail: 5 });
print(dns[0].text);"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let selection = Selection { namespace: self.namespace, selector: self.selector, ..Selection::default() };
        let options = LogOptions {
            container: self.container,
            tail: self.tail.map(i64::from),
            since: self.since,
            previous: self.previous,
            timestamps: self.timestamps,
        };
        Ok(logs(&client, &selection.of(&self.object)?, &options).await?)
    }
}

//! `kube::delete`: delete objects by name or selection.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{DeleteOptions, Reference, Subject, delete, delete_selected};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, how::How, selection::Selection};
use crate::{Cluster, Cx, Operation};

/// Delete an object, or all objects of a kind that a selection leaves, and wait until they are gone. Returns those that were there; what
/// is not there needs no deletion. To delete a manifest's objects see `kube::delete_manifest`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// The cluster.
    cluster: Cluster,
    /// One object, as `deploy/web`, or a kind, as `pods`, of which all objects are meant. Kinds are written as for kubectl.
    object: String,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Only objects with these labels: `app=web,tier in (a, b)`.
    #[serde(default)]
    selector: Option<String>,
    /// Look into all namespaces.
    #[serde(default)]
    all_namespaces: bool,
    /// Wait until they are gone.
    #[serde(default = "yes")]
    wait: bool,
    /// What becomes of objects that belong to the deleted ones: `background` deletes them afterwards, `foreground` first, `orphan`
    /// leaves them.
    #[serde(default)]
    propagation: How,
    /// How many seconds pods get to end; what they ask for themselves when it is left out.
    #[serde(default)]
    grace_seconds: Option<u32>,
    /// How long to wait.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn yes() -> bool {
    true
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

impl Operation for Delete {
    type Output = Vec<Reference>;

    const NAME: &'static str = "kube::delete";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str = "a list of maps, the objects that were there: kind, name, namespace";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::no_kind",
        "kube::bad_reference",
        "kube::invalid",
        "kube::several",
        "kube::wait"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::create_config_map(east, "settings", #{ mode: "fast" });
kube::delete(east, "configmap/settings");"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let selection = Selection {
            namespace: self.namespace,
            selector: self.selector,
            all_namespaces: self.all_namespaces,
            ..Selection::default()
        };
        let options = DeleteOptions {
            wait: self.wait.then_some(self.timeout),
            propagation: self.propagation.into(),
            grace_seconds: self.grace_seconds,
            namespace: None,
        };
        match selection.of(&self.object)? {
            Subject::Object(reference) => Ok(delete(&client, &[reference], &options, cx.steps()).await?),
            Subject::Objects(query) => Ok(delete_selected(&client, &query, &options, cx.steps()).await?),
        }
    }
}

//! `kube::label`: labels of objects.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Changes, label};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, selection::Selection};
use crate::{Cluster, Cx, Operation};

/// Set labels of an object, or of all objects of a kind that a selection leaves; `()` removes one. Returns how many objects were
/// changed; a repeat changes none. Labels that are not named stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The cluster.
    cluster: Cluster,
    /// One object, as `deploy/web`, or a kind, as `pods`, of which all objects are meant. Kinds are written as for kubectl.
    object: String,
    /// The labels by name; `()` for one that is to go.
    labels: Changes,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Only objects with these labels: `app=web,tier in (a, b)`.
    #[serde(default)]
    selector: Option<String>,
    /// Look into all namespaces.
    #[serde(default)]
    all_namespaces: bool,
    /// Change labels that have another value; without it that is a failure.
    #[serde(default)]
    overwrite: bool,
}

impl Operation for Label {
    type Output = usize;

    const NAME: &'static str = "kube::label";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object", "labels"];
    const RETURNS: &'static str = "a number, the objects that were changed";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::no_kind",
        "kube::not_found",
        "kube::bad_reference",
        "kube::invalid",
        "kube::labelled"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::label(east, "nodes", #{ "topology.kubernetes.io/region": "region1" }, #{ overwrite: true });"#;

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
        let subject = selection.of(&self.object)?;
        Ok(label(&client, &subject, &self.labels, self.overwrite, cx.steps()).await?)
    }
}

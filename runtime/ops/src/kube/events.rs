//! `kube::events`: what has happened.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Event, events_in, events_of};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// List the events of a namespace, or those about an object, the oldest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The cluster.
    cluster: Cluster,
    /// An object, as `deploy/web`; all of the namespace when it is left out.
    #[serde(default)]
    object: Option<String>,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
}

impl Operation for Events {
    type Output = Vec<Event>;

    const NAME: &'static str = "kube::events";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object"];
    const RETURNS: &'static str =
        "a list of maps: time (RFC 3339), level (`Normal` or `Warning`), reason, kind, name, message, count";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::no_kind", "kube::bad_reference", "kube::invalid"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
for event in kube::events(east, (), #{ namespace: "kube-system" }) { print(event.message); }"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        match &self.object {
            Some(object) => Ok(events_of(&client, &reference(object, self.namespace)?).await?),
            None => Ok(events_in(&client, self.namespace.as_deref().unwrap_or(client.namespace())).await?),
        }
    }
}

//! `kube::remove_context`: take a context out of the kubeconfig.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::{contexts, remove_context};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cluster, Cx, Operation};

/// Take a context out of the kubeconfig, with its cluster and user when no other context uses them. Returns whether that changed something. The
/// cluster itself stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveContext {
    /// The context.
    context: String,
    /// The kubeconfig file; the one kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
    /// How long to wait for whoever else writes the file.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::seconds(10)
}

impl Operation for RemoveContext {
    type Output = bool;

    const NAME: &'static str = "kube::remove_context";
    const POSITIONAL: &'static [&'static str] = &["context"];
    const RETURNS: &'static str = "true when the kubeconfig was changed, false when it was so";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        kubeconfig_failures!["kube::no_context", "kube::unwritable", "kube::locked", "kube::foreign_context"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::alias_context(east.context, "copy");
kube::remove_context("copy");"#;

    fn subject(&self) -> String {
        self.context.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let cluster = Cluster { kubeconfig: self.kubeconfig.clone(), ..Cluster::of_context(&self.context) };
        let source = cx.world.kubeconfig(self.kubeconfig.as_deref());
        // One that is not there needs no permission to stay away.
        if contexts(&source)?.iter().any(|known| known.name == self.context) {
            cx.may_change(&cluster)?;
        }
        let changed = remove_context(&source, &self.context, self.timeout).await?;
        if changed {
            cx.steps().changed(format!("removed context {}", self.context));
        }
        Ok(changed)
    }
}

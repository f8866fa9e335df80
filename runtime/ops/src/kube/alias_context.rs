//! `kube::alias_context`: a second name for a context.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::alias_context;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cx, Operation};

/// Make a second context for the cluster and user of an existing one. Returns whether that changed something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasContext {
    /// The existing context.
    context: String,
    /// The name of the second one.
    alias: String,
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

impl Operation for AliasContext {
    type Output = bool;

    const NAME: &'static str = "kube::alias_context";
    const POSITIONAL: &'static [&'static str] = &["context", "alias"];
    const RETURNS: &'static str = "true when the kubeconfig was changed, false when it was so";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        kubeconfig_failures!["kube::no_context", "kube::unwritable", "kube::locked", "kube::context_taken"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::alias_context(east.context, "east");"#;

    fn subject(&self) -> String {
        self.context.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let source = cx.world.kubeconfig(self.kubeconfig.as_deref());
        let changed = alias_context(&source, &self.context, &self.alias, self.timeout).await?;
        if changed {
            cx.steps().changed(format!("made context {} for {}", self.alias, self.context));
        }
        Ok(changed)
    }
}

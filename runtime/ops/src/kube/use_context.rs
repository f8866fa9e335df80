//! `kube::use_context`: make a context the current one.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::use_context;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cx, Operation};

/// Make a context the current one, for kubectl and others too. Returns whether that changed something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseContext {
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

impl Operation for UseContext {
    type Output = bool;

    const NAME: &'static str = "kube::use_context";
    const POSITIONAL: &'static [&'static str] = &["context"];
    const RETURNS: &'static str = "true when the kubeconfig was changed, false when it was so";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        kubeconfig_failures!["kube::no_context", "kube::unwritable", "kube::locked"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::use_context(east.context);"#;

    fn subject(&self) -> String {
        self.context.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let source = cx.world.kubeconfig(self.kubeconfig.as_deref());
        let changed = use_context(&source, &self.context, self.timeout).await?;
        if changed {
            cx.steps().changed(format!("made {} the current context", self.context));
        }
        Ok(changed)
    }
}

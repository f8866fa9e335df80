//! `kube::current_context`: the current context.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::current_context;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cx, Operation};

/// Tell the name of the current context.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrentContext {
    /// The kubeconfig file; the one kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
}

impl Operation for CurrentContext {
    type Output = Option<String>;

    const NAME: &'static str = "kube::current_context";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a string, or `()` when none is set";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = kubeconfig_failures![];
    const EXAMPLE: &'static str = r#"print(kube::current_context());"#;

    fn subject(&self) -> String {
        String::new()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(current_context(&cx.world.kubeconfig(self.kubeconfig.as_deref()))?)
    }
}

//! `kube::contexts`: the contexts of the kubeconfig.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::{Context, contexts};
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cx, Operation};

/// List the contexts of the kubeconfig, sorted by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The kubeconfig file; the one kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
}

impl Operation for Contexts {
    type Output = Vec<Context>;

    const NAME: &'static str = "kube::contexts";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str =
        "a list of maps: name, cluster, user, namespace, server, current, ours (whether meshrun made it), file";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = kubeconfig_failures![];
    const EXAMPLE: &'static str = r#"for context in kube::contexts() { print(context.name); }"#;

    fn subject(&self) -> String {
        String::new()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(contexts(&cx.world.kubeconfig(self.kubeconfig.as_deref()))?)
    }
}

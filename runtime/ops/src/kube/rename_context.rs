//! `kube::rename_context`: give a context another name.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::{contexts, rename_context};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cluster, Cx, Operation};

/// Give a context another name. Returns whether that changed something; when only the new name exists, it has been done before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameContext {
    /// Its name.
    context: String,
    /// Its new name.
    name: String,
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

impl Operation for RenameContext {
    type Output = bool;

    const NAME: &'static str = "kube::rename_context";
    const POSITIONAL: &'static [&'static str] = &["context", "name"];
    const RETURNS: &'static str = "true when the kubeconfig was changed, false when it was so";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = kubeconfig_failures![
        "kube::no_context",
        "kube::unwritable",
        "kube::locked",
        "kube::foreign_context",
        "kube::context_taken"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::rename_context(east.context, "east");"#;

    fn subject(&self) -> String {
        self.context.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let cluster = Cluster { kubeconfig: self.kubeconfig.clone(), ..Cluster::of_context(&self.context) };
        let source = cx.world.kubeconfig(self.kubeconfig.as_deref());
        // One that has been renamed before needs no permission to stay so.
        if contexts(&source)?.iter().any(|known| known.name == self.context) {
            cx.may_change(&cluster)?;
        }
        let changed = rename_context(&source, &self.context, &self.name, self.timeout).await?;
        if changed {
            cx.steps().changed(format!("renamed context {} to {}", self.context, self.name));
        }
        Ok(changed)
    }
}

//! `kube::set_server`: the address of a context's API server.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::kubeconfig::set_server;
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kubeconfig_failures;
use crate::{Cluster, Cx, Operation};

/// Write another address of the API server into the cluster of a context. Returns whether that changed something. Other contexts of the
/// same cluster follow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetServer {
    /// The context.
    context: String,
    /// The URL of the API server.
    server: String,
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

impl Operation for SetServer {
    type Output = bool;

    const NAME: &'static str = "kube::set_server";
    const POSITIONAL: &'static [&'static str] = &["context", "server"];
    const RETURNS: &'static str = "true when the kubeconfig was changed, false when it was so";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        kubeconfig_failures!["kube::no_context", "kube::unwritable", "kube::locked", "kube::foreign_context"];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::set_server(east.context, east.server);"#;

    fn subject(&self) -> String {
        self.context.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        cx.may_change(&Cluster { kubeconfig: self.kubeconfig.clone(), ..Cluster::of_context(&self.context) })?;
        let source = cx.world.kubeconfig(self.kubeconfig.as_deref());
        let changed = set_server(&source, &self.context, &self.server, self.timeout).await?;
        if changed {
            cx.steps().changed(format!("set the server of context {} to {}", self.context, self.server));
        }
        Ok(changed)
    }
}

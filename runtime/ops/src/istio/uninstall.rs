//! `istio::uninstall`: a cluster without Istio, or without a revision of it.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::install::{self, Uninstalled};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, install::timeout, istio_namespace};
use crate::{Cluster, Cx, Operation};

/// Take Istio out of a cluster: the control plane and gateways of a revision, or with `purge` everything, with all configuration
/// that was written for it. Waits until it is gone. The namespace stays, with `cacerts`. Returns what was deleted; a repeat changes
/// nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uninstall {
    /// The cluster.
    cluster: Cluster,
    /// The revision; `default` is the one without a name.
    #[serde(default = "revision")]
    revision: String,
    /// Whether to delete all revisions, Istio's definitions, and with these all VirtualServices, Gateways and so on.
    #[serde(default)]
    purge: bool,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// How long it may take until all is gone.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn revision() -> String {
    "default".to_owned()
}

impl Operation for Uninstall {
    type Output = Uninstalled;

    const NAME: &'static str = "istio::uninstall";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str =
        "a map: deleted (a list such as `deployment istio-system/istiod`), changed (whether there was anything)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] =
        cluster_failures!["kube::foreign_context", "kube::wait", "kube::several", "kube::not_found", "kube::invalid"];
    const EXAMPLE: &'static str = r#"istio::uninstall("kind-cluster1", #{ purge: true });"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let what = match self.purge {
            true => install::Uninstall::Purge,
            false => install::Uninstall::Revision(self.revision),
        };
        Ok(install::uninstall(&client, &self.namespace, &what, self.timeout, cx.steps()).await?)
    }
}

//! `istio::add_remote`: one cluster's endpoints for another cluster's control plane.

use meshrun_host::{Class, Effect, Failure};
use meshrun_istio::{debug::wait_for_remotes, remote::add};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    configuration::version,
    install::yes,
    install_failures, istio_namespace,
    remote::{Wanted, make, reader},
    soon,
};
use crate::{Cluster, Cx, Operation};

/// Let the control plane of a cluster find the services and endpoints of another one: makes the other's remote secret and puts it
/// there. Returns the other's name in the mesh; a repeat changes nothing. `wait` also waits until istiod has read it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddRemote {
    /// The cluster with the control plane.
    cluster: Cluster,
    /// The other cluster, which is to be read.
    remote: Cluster,
    /// The other's name in the mesh; by default the name that its own control plane goes by, else the cluster's.
    #[serde(default)]
    name: Option<String>,
    /// The other's API server, as istiod's pod reaches it; by default its `internal_server`, else the kubeconfig's.
    #[serde(default)]
    server: Option<String>,
    /// Take a server that only its own machine reaches, such as https://127.0.0.1:6443.
    #[serde(default)]
    force: bool,
    /// Istio's namespace, in both.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// The account by which the other cluster is read.
    #[serde(default = "reader")]
    service_account: String,
    /// Whether to make that account, with its rights, where the other cluster has no Istio; only the one of that default name.
    #[serde(default = "yes")]
    create_account: bool,
    /// The version of Istio, for the account's rights.
    #[serde(default = "version")]
    version: String,
    /// A folder with an unpacked release or its `manifests`, in place of the release of that version.
    #[serde(default)]
    release: Option<String>,
    /// Whether to wait until istiod has read the other cluster.
    #[serde(default)]
    wait: bool,
    /// How long it may take.
    #[serde(default = "soon")]
    timeout: Timeout,
}

/// What was added.
#[derive(Debug, Serialize)]
pub struct Added {
    name: String,
    secret: String,
    changed: bool,
}

impl Operation for AddRemote {
    type Output = Added;

    const NAME: &'static str = "istio::add_remote";
    const POSITIONAL: &'static [&'static str] = &["cluster", "remote"];
    const RETURNS: &'static str = "a map: name (the other cluster's in the mesh), secret (its name), changed (whether it was not there like this)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube, Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = install_failures![
        "istio::no_reader",
        "istio::not_a_token",
        "istio::loopback_server",
        "istio::bad_server",
        "istio::bad_name",
        "istio::no_istiod",
        "istio::no_answer",
        "istio::not_synced",
        "kube::no_pod",
        "kube::port_taken"
    ];
    const EXAMPLE: &'static str = r#"let clusters = [kind::cluster("cluster1"), kind::cluster("cluster2")];
istio::add_remote(clusters[0], clusters[1], #{ wait: true, timeout: "2m" });
istio::add_remote(clusters[1], clusters[0], #{ wait: true, timeout: "2m" });"#;

    fn subject(&self) -> String {
        format!("{} to {}", self.remote, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let (namespace, timeout) = (self.namespace.clone(), self.timeout);
        let wanted = Wanted {
            name: self.name,
            server: self.server,
            force: self.force,
            namespace: self.namespace,
            service_account: self.service_account,
            create_account: self.create_account,
            token_secret: None,
            version: self.version,
            release: self.release,
            timeout,
        };
        let secret = make(cx, &self.remote, wanted).await?;
        let changed = add(&client, &secret, cx.steps()).await?;
        if self.wait {
            let names = [secret.name.clone()];
            wait_for_remotes(&client, &namespace, &names, timeout, cx.steps()).await?;
        }
        Ok(Added { secret: secret.object_name(), name: secret.name, changed })
    }
}

//! `istio::remote_secret`: how a control plane elsewhere reads a cluster.

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    configuration::version,
    install::yes,
    install_failures, istio_namespace,
    remote::{Wanted, make, reader},
    soon,
};
use crate::{Cluster, Cx, Operation};

/// Make the remote secret of a cluster, as `istioctl create-remote-secret` does: with it, the control planes of other clusters find
/// this one's services and endpoints. Makes the account that reads, and its token, where they are missing. Returns the secret as an
/// object, for `kube::apply` in the other clusters; it holds a token, so it is not to be shown. A repeat changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteSecret {
    /// The cluster that is to be read.
    cluster: Cluster,
    /// Its name in the mesh; by default the name that its own control plane goes by, else the cluster's.
    #[serde(default)]
    name: Option<String>,
    /// Its API server, as pods of the other clusters reach it; by default the cluster's `internal_server`, else the kubeconfig's.
    #[serde(default)]
    server: Option<String>,
    /// Take a server that only its own machine reaches, such as https://127.0.0.1:6443.
    #[serde(default)]
    force: bool,
    /// Istio's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// The account by which the cluster is read.
    #[serde(default = "reader")]
    service_account: String,
    /// Whether to make that account, with its rights, where the cluster has no Istio; only the one of that default name.
    #[serde(default = "yes")]
    create_account: bool,
    /// The secret with the account's token; by default the one that there is, else a new one.
    #[serde(default)]
    token_secret: Option<String>,
    /// The version of Istio, for the account's rights.
    #[serde(default = "version")]
    version: String,
    /// A folder with an unpacked release or its `manifests`, in place of the release of that version.
    #[serde(default)]
    release: Option<String>,
    /// How long the token is waited for.
    #[serde(default = "soon")]
    timeout: Timeout,
}

impl Operation for RemoteSecret {
    type Output = Value;

    const NAME: &'static str = "istio::remote_secret";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a map: the secret `istio-remote-secret-NAME`, with a kubeconfig under the cluster's name in its `data`, in base64";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube, Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = install_failures![
        "istio::no_reader",
        "istio::not_a_token",
        "istio::loopback_server",
        "istio::bad_server",
        "istio::bad_name"
    ];
    const EXAMPLE: &'static str = r#"let secret = istio::remote_secret("kind-cluster2", #{ name: "cluster2", server: "https://172.18.0.3:6443" });
kube::apply("kind-cluster1", secret);"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let wanted = Wanted {
            name: self.name,
            server: self.server,
            force: self.force,
            namespace: self.namespace,
            service_account: self.service_account,
            create_account: self.create_account,
            token_secret: self.token_secret,
            version: self.version,
            release: self.release,
            timeout: self.timeout,
        };
        Ok(make(cx, &self.cluster, wanted).await?.object())
    }
}

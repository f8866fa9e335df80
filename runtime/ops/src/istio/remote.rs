//! Making the remote secret of a cluster, for the operations that need one.

use meshrun_host::Failure;
use meshrun_istio::remote::{self, RemoteSecret, cluster_name, create_reader, has_reader, remote_secret};
use meshrun_terms::Timeout;

use super::configuration::Configuration;
use crate::{Cluster, Cx};

/// What the remote secret is to say; what is left out is found out.
pub(super) struct Wanted {
    pub name: Option<String>,
    pub server: Option<String>,
    pub force: bool,
    pub namespace: String,
    pub service_account: String,
    pub create_account: bool,
    pub token_secret: Option<String>,
    pub version: String,
    pub release: Option<String>,
    pub timeout: Timeout,
}

/// The account by which a cluster is read.
pub(super) fn reader() -> String {
    remote::READER.to_owned()
}

/// Make the remote secret of a cluster. The reader's account is made only where it is missing; then the charts are needed.
pub(super) async fn make(cx: &Cx, cluster: &Cluster, wanted: Wanted) -> Result<RemoteSecret, Failure> {
    let client = cx.kube_to_change(cluster).await?;
    let name = match wanted.name {
        Some(name) => name,
        None => cluster_name(&client, &wanted.namespace).await?.unwrap_or_else(|| cluster.name.clone()),
    };
    let server = wanted.server.or_else(|| cluster.internal_server.clone());
    let server = server.unwrap_or_else(|| client.server().to_owned());
    remote::check_server(&name, &server, wanted.force)?;
    let makes_account = wanted.create_account && wanted.service_account == remote::READER;
    if makes_account && !has_reader(&client, &wanted.namespace, &wanted.service_account).await? {
        let configuration =
            Configuration { version: wanted.version, release: wanted.release, ..Configuration::default() };
        let (_, charts) = configuration.load(cx, wanted.timeout).await?;
        create_reader(&client, &charts, &wanted.namespace, wanted.timeout, cx.steps()).await?;
    }
    let options = remote::Options {
        name,
        server,
        force: wanted.force,
        namespace: wanted.namespace,
        account: wanted.service_account,
        token_secret: wanted.token_secret,
        timeout: wanted.timeout,
    };
    Ok(remote_secret(&client, &options, cx.steps()).await?)
}

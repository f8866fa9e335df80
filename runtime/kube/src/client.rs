//! A connection to a cluster, as a kubeconfig context describes it.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use kube::config::KubeConfigOptions;

use crate::{Error, discovery::Cache, error::Result, kubeconfig, kubeconfig::Source};

/// How long setting up a connection may take; a machine that is not there otherwise holds a call up for minutes.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The context's name when a pod's own service account is used.
const IN_CLUSTER: &str = "in-cluster";

/// A connection to a cluster. Cheap to clone; many requests may be in flight at once.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    kube: kube::Client,
    context: String,
    server: String,
    kinds: Cache,
}

/// Connect to the cluster behind a context, by default the current one. Within a pod and with no kubeconfig at all, it is
/// the pod's own cluster. The server is asked nothing yet; a credential plugin, if the user has one, is run.
///
/// # Errors
/// When there is no such context (the nearest name is told), or what it says cannot be used.
pub async fn connect(source: &Source, context: Option<&str>) -> Result<Client> {
    connect_through(source, context, None).await
}

/// As [`connect`], through an HTTP proxy unless the context names one of its own.
///
/// # Errors
/// As [`connect`], and when the proxy is no URL.
pub async fn connect_through(source: &Source, context: Option<&str>, proxy: Option<&str>) -> Result<Client> {
    let Some((kubeconfig, context)) = kubeconfig::configuration(source, context)? else {
        let config = kube::Config::incluster().map_err(|_| Error::NoCluster { files: source.paths() })?;
        return client(config, IN_CLUSTER.to_owned());
    };
    let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
    let named = names_proxy(&kubeconfig, &context);
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(|source| bad_connection(&context, kube::Error::InferKubeconfig(source)))?;
    // What the variables of the process say comes after both.
    if let (false, Some(proxy)) = (named, proxy) {
        let read = proxy.parse().map_err(|_| Error::BadProxy { proxy: proxy.to_owned() })?;
        config.proxy_url = Some(read);
    }
    client(config, context)
}

/// Whether the cluster of a context has a proxy of its own.
fn names_proxy(kubeconfig: &kube::config::Kubeconfig, context: &str) -> bool {
    let context = kubeconfig.contexts.iter().find(|one| one.name == context).and_then(|one| one.context.as_ref());
    let cluster = context.and_then(|context| kubeconfig.clusters.iter().find(|one| one.name == context.cluster));
    cluster.and_then(|one| one.cluster.as_ref()).is_some_and(|cluster| cluster.proxy_url.is_some())
}

/// Connect as the text of a kubeconfig says, by its current context: for a kubeconfig that is in no file.
///
/// # Errors
/// When the text is no kubeconfig or what it says cannot be used.
pub async fn connect_with(text: &str, name: &str) -> Result<Client> {
    let value =
        meshrun_yaml::parse(text).map_err(|error| Error::Malformed { source: error.in_file(name).without_source() })?;
    let kubeconfig =
        serde_json::from_value(value).map_err(|source| Error::BadKubeconfig { context: name.to_owned(), source })?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let config = config.map_err(|source| bad_connection(name, kube::Error::InferKubeconfig(source)))?;
    client(config, name.to_owned())
}

fn client(mut config: kube::Config, context: String) -> Result<Client> {
    config.connect_timeout = Some(CONNECT_PATIENCE);
    let agent = concat!("meshrun/", env!("CARGO_PKG_VERSION"));
    config.headers.push((HeaderName::from_static("user-agent"), HeaderValue::from_static(agent)));
    if config.cluster_url.scheme_str() == Some("http") || config.accept_invalid_certs {
        // No certificate will be checked. Without this the system's ones are loaded all the same, which fails on hosts
        // that have none.
        config.root_cert.get_or_insert_default();
    }
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let kube = kube::Client::try_from(config).map_err(|source| bad_connection(&context, source))?;
    Ok(Client(Arc::new(Inner { kube, context, server, kinds: Cache::default() })))
}

fn bad_connection(context: &str, source: kube::Error) -> Error {
    Error::BadConnection { context: context.to_owned(), source: Box::new(source) }
}

impl Client {
    /// The name of the context that it was made from.
    pub fn context(&self) -> &str {
        &self.0.context
    }

    /// The URL of the API server.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// The namespace that the context sets, else `default`.
    pub fn namespace(&self) -> &str {
        self.0.kube.default_namespace()
    }

    /// kube's client beneath, for what this crate does not do.
    pub fn kube(&self) -> &kube::Client {
        &self.0.kube
    }

    pub(crate) fn kinds(&self) -> &Cache {
        &self.0.kinds
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Client({} at {})", self.0.context, self.0.server)
    }
}

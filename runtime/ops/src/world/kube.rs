//! The clusters of the run: connected to when they are first needed, and kept by kubeconfig and context.

use std::{collections::HashMap, path::PathBuf};

use meshrun_host::Failure;
use meshrun_kube::{
    Client, PortForward, connect_through,
    kubeconfig::{self, Source},
};
use tokio::sync::Mutex;

use crate::{Cluster, Cx, World};

/// Connections to clusters, and the ports that lead into them.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    clients: Mutex<HashMap<(Source, String), (u64, Client)>>,
    /// Forwarded ports by their local address.
    pub(crate) forwards: Mutex<HashMap<String, PortForward>>,
}

impl World {
    /// The kubeconfig files that are meant: the named one, that of `--kubeconfig`, else those that kubectl would read.
    pub fn kubeconfig(&self, named: Option<&str>) -> Source {
        let named = named.map(|path| self.environment.path(path));
        let file: Option<PathBuf> = named.or_else(|| self.settings.kubeconfig.clone());
        Source {
            file,
            variable: self.environment.variable("KUBECONFIG").map(str::to_owned),
            home: self.environment.home.clone(),
        }
    }

    /// A connection to a cluster, to look at it. It is made anew when the kubeconfig has come to say something else about the
    /// context, as when a cluster was deleted and created again.
    ///
    /// # Errors
    /// `kube::no_context` with the nearest name, `kube::bad_kubeconfig`, and what is wrong with the files.
    pub async fn kube(&self, cluster: &Cluster) -> Result<Client, Failure> {
        let source = self.kubeconfig(cluster.kubeconfig.as_deref());
        let fingerprint = kubeconfig::fingerprint(&source, &cluster.context)?;
        let key = (source, cluster.context.clone());
        let mut clients = self.clusters.clients.lock().await;
        if let Some((_, client)) = clients.get(&key).filter(|(known, _)| *known == fingerprint) {
            return Ok(client.clone());
        }
        let client = connect_through(&key.0, Some(&key.1), self.settings.proxy.as_deref()).await?;
        clients.insert(key, (fingerprint, client.clone()));
        Ok(client)
    }
}

impl Cx {
    /// A connection to a cluster, to change it: it must be one that meshrun has made, or that the user has named.
    ///
    /// # Errors
    /// As [`World::kube`], and `kube::foreign_context`.
    pub async fn kube_to_change(&self, cluster: &Cluster) -> Result<Client, Failure> {
        let client = self.world.kube(cluster).await?;
        self.may_change(cluster)?;
        Ok(client)
    }

    /// Refuse to change a cluster, or its context, that meshrun has not made and the user has not named.
    ///
    /// # Errors
    /// `kube::foreign_context`.
    pub fn may_change(&self, cluster: &Cluster) -> Result<(), Failure> {
        let context = &cluster.context;
        let source = self.world.kubeconfig(cluster.kubeconfig.as_deref());
        if self.call.context.permissions.names_context(context) || kubeconfig::is_ours(&source, context)? {
            return Ok(());
        }
        let message = format!("meshrun has not made the context `{context}`, so it is not changed unasked");
        let help = format!("if it may be changed, run with `--allow-context {context}`");
        Err(Failure::new("kube::foreign_context", message).with_help(help))
    }
}

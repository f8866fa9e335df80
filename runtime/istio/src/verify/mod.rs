//! Whether an installed mesh is as it must be for traffic to flow: facts are read from each cluster, then judged together.

mod facts;
mod judge;

use futures::future::try_join_all;
use meshrun_kube::Client;
use serde::Serialize;

pub use facts::{EastWestGateway, Facts, Root, Uninjected, Webhook, facts};
pub use judge::judge;

use crate::Error;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The cluster that it was found in.
    pub cluster: String,
    /// What it is about: `istiod`, `secret istio-remote-secret-cluster2`.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The mesh does not work like this.
    Error,
    /// It may be meant, and is often a mistake.
    Warning,
}

/// A cluster to look at.
#[derive(Debug, Clone)]
pub struct Target {
    /// What to call it.
    pub name: String,
    /// The way to it.
    pub client: Client,
}

/// Look at the clusters of a mesh, one or many. Returns what is not as it should be, errors first; nothing is changed.
///
/// # Errors
/// When a cluster does not answer, or does not let its user read what must be looked at.
pub async fn verify(targets: &[Target], namespace: &str) -> Result<Vec<Finding>, Error> {
    let facts = try_join_all(targets.iter().map(|target| facts(&target.client, &target.name, namespace))).await?;
    Ok(judge(&facts))
}

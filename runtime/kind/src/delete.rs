//! Deleting clusters.

use meshrun_docker::Docker;
use meshrun_terms::Steps;

use crate::{Error, apply::clean};

/// Delete a cluster: all its containers, side by side, with their volumes. One that does not exist is no error. Network and images
/// stay, and so do the entries of kubeconfig files. Returns the names of the nodes that were deleted.
///
/// # Errors
/// When the engine does not remove a container.
pub async fn delete(docker: &Docker, cluster: &str, steps: &Steps) -> Result<Vec<String>, Error> {
    steps.doing(format!("deleting cluster {cluster}"));
    let mut removed = clean::remove_all(docker, cluster).await?;
    removed.sort();
    if !removed.is_empty() {
        steps.changed(format!("deleted cluster {cluster}"));
    }
    Ok(removed)
}

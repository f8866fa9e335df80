//! What a node image has in it, read without running it.

use meshrun_docker::{ContainerSpec, Docker, Error as Engine, Remove, archive, containers};
use meshrun_terms::Image;

use crate::{
    Error,
    plan::{containerd, manifest, names::CLUSTER_LABEL, version::Version},
};

/// A node image from inside.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeImage {
    /// Its Kubernetes version.
    pub version: Version,
    /// The manifest of the pod network.
    pub cni: Option<String>,
    /// The manifest of the storage class.
    pub storage: Option<String>,
    /// containerd's configuration.
    pub containerd: Option<String>,
    /// Whether its entrypoint copes with a private control group namespace on version 1, as those of kind 0.20 and later do.
    pub private_cgroups: bool,
}

/// Look into an image. A container is created for it, never started, and removed; it carries the cluster's label, so that it goes with the
/// cluster should it stay behind.
///
/// # Errors
/// `kind::no_node_image`.
pub async fn look(docker: &Docker, cluster: &str, image: &Image) -> Result<NodeImage, Error> {
    let mut spec = ContainerSpec::new(image.clone());
    spec.labels.insert(CLUSTER_LABEL.to_owned(), cluster.to_owned());
    spec.entrypoint = Some(vec!["/none".to_owned()]);
    let id = containers::create(docker, &spec).await?;
    let found = read(docker, &id, image).await;
    containers::remove(docker, &id, Remove { force: true, volumes: true }).await?;
    found
}

async fn read(docker: &Docker, id: &str, image: &Image) -> Result<NodeImage, Error> {
    let (version, cni, storage, containerd, script) = futures::try_join!(
        file(docker, id, "/kind/version"),
        file(docker, id, manifest::CNI_PATH),
        file(docker, id, manifest::STORAGE_PATH),
        file(docker, id, containerd::PATH),
        file(docker, id, "/kind/bin/mount-product-files.sh"),
    )?;
    let wrong = |reason: String| Error::NoNodeImage { image: image.to_string(), reason };
    let version = version.ok_or_else(|| wrong("it has no `/kind/version`".to_owned()))?;
    let version = Version::read(&version).map_err(|reason| wrong(format!("`/kind/version`: {reason}")))?;
    Ok(NodeImage { version, cni, storage, containerd, private_cgroups: script.is_some() })
}

async fn file(docker: &Docker, id: &str, path: &str) -> Result<Option<String>, Error> {
    match archive::read_file(docker, id, path).await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(Engine::NoPath { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

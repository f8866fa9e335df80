//! The images of a cluster, brought to the engine.

use std::collections::BTreeSet;

use meshrun_docker::{Docker, Pull, images, pull};
use meshrun_terms::{Image, Steps};

use super::deadline::Deadline;
use crate::{Config, Error, plan::haproxy};

/// Make sure that the engine has all images: those of the nodes and the load balancer's, side by side. Returns the load balancer's name.
///
/// # Errors
/// Those of a pull.
pub async fn ensure(docker: &Docker, config: &Config, deadline: &Deadline, steps: &Steps) -> Result<Image, Error> {
    let balancer: Image = haproxy::IMAGE.parse().map_err(crate::bug)?;
    let mut wanted: BTreeSet<&Image> = config.nodes.iter().map(|node| &node.image).collect();
    if config.has_load_balancer() {
        wanted.insert(&balancer);
    }
    futures::future::try_join_all(wanted.into_iter().map(|image| one(docker, image, deadline, steps))).await?;
    Ok(balancer)
}

async fn one(docker: &Docker, image: &Image, deadline: &Deadline, steps: &Steps) -> Result<(), Error> {
    if images::find(docker, image.as_str()).await?.is_some() {
        return Ok(());
    }
    let how = Pull { timeout: deadline.left(), ..Pull::default() };
    pull(docker, image, &how, steps).await?;
    Ok(())
}

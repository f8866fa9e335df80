//! Removing what a creation has made.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use meshrun_docker::{Container, Docker, Error as Engine, Remove, containers};

use super::{existing, ready};
use crate::{
    Error,
    cluster::{containers_of, role_of},
    config::Role,
    plan::names::{self, SHAPE_LABEL},
};

/// How long to look for containers that the engine was still making when their creation was broken off.
const STRAGGLERS: Duration = Duration::from_millis(2300);

/// How long a container may refuse to die.
const STUBBORN: Duration = Duration::from_secs(120);

/// Remove what a creation of this cluster has made, if it did not come to its end: after an interruption. A cluster that was complete stays, and
/// so does one that kind has made. Takes less than three seconds, if the engine removes containers as fast as usual. Returns the names of what was removed.
///
/// The engine finishes a container that it was asked for even when nobody waits any more; so this looks again for a while when not everything
/// that belongs to the cluster has been seen. What appears later still does no harm: the next creation removes it.
///
/// # Errors
/// When the engine does not remove a container.
pub async fn clean_up(docker: &Docker, cluster: &str) -> Result<Vec<String>, Error> {
    let until = Instant::now() + STRAGGLERS;
    let mut removed = BTreeSet::new();
    let mut wanted = None;
    loop {
        let all = containers_of(docker, cluster).await?;
        if !may_go(docker, cluster, &all).await? {
            return Ok(removed.into_iter().collect());
        }
        wanted =
            wanted.or_else(|| all.iter().find_map(|one| one.labels.get(SHAPE_LABEL)).and_then(|label| members(label)));
        removed.extend(remove(docker, all).await?);
        let complete = wanted.is_some_and(|wanted| removed.len() >= wanted);
        if complete || Instant::now() >= until {
            return Ok(removed.into_iter().collect());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How many containers a cluster of this shape has.
fn members(label: &str) -> Option<usize> {
    let shape: serde_json::Value = serde_json::from_str(label).ok()?; // an unreadable label tells no number
    let count = |key: &str| shape[key].as_u64().and_then(|count| usize::try_from(count).ok());
    let planes = count("control planes")?;
    Some(planes + count("workers")? + usize::from(planes > 1))
}

/// Only what this program has begun and not brought to its end.
async fn may_go(docker: &Docker, cluster: &str, all: &[Container]) -> Result<bool, Error> {
    let own = all.iter().filter(|one| role_of(one).is_some()).all(|one| one.labels.contains_key(SHAPE_LABEL));
    let bootstrap = names::node_name(cluster, Role::ControlPlane, 1);
    Ok(own && !existing::has_file(docker, &bootstrap, ready::COMPLETE).await?)
}

/// Remove all containers of a cluster, with their volumes. Returns their names.
///
/// # Errors
/// When the engine does not remove a container.
pub async fn remove_all(docker: &Docker, cluster: &str) -> Result<Vec<String>, Error> {
    let all = containers_of(docker, cluster).await?;
    remove(docker, all).await
}

async fn remove(docker: &Docker, all: Vec<Container>) -> Result<Vec<String>, Error> {
    let how = Remove { force: true, volumes: true };
    let removing = all.into_iter().map(|one| async move {
        remove_one(docker, &one.id, how).await?;
        Ok::<_, Error>(one.name)
    });
    try_join_all(removing).await
}

/// Remove a container, again and again when the engine says that it did not see its end: what runs in a node may take long to die.
async fn remove_one(docker: &Docker, id: &str, how: Remove) -> Result<(), Error> {
    let end = Instant::now() + STUBBORN;
    loop {
        match containers::remove(docker, id, how).await {
            Err(error @ Engine::Engine { .. }) if Instant::now() < end && is_stubborn(&error) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            other => return Ok(other.map(|_| ())?),
        }
    }
}

fn is_stubborn(error: &Engine) -> bool {
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    ["did not receive an exit event", "could not kill", "device or resource busy"]
        .iter()
        .any(|words| said.contains(words))
}

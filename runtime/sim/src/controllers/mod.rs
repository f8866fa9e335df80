//! Controllers: from what shall be to what is.

use std::sync::Arc;

use crate::{World, kube::Cluster};

/// Let the controllers of a cluster run, until [`stop`] is called or the world is gone. Called within a tokio runtime.
pub fn start(_world: &Arc<World>, _cluster: &Arc<Cluster>) {}

/// End the controllers of a cluster.
pub fn stop(_cluster: &Arc<Cluster>) {}

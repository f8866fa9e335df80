//! The simulated Docker engine: what it has, and its API.

use std::{net::IpAddr, sync::Arc};

use crate::{World, stream::ByteStream};

/// The engine.
#[derive(Default)]
pub struct Engine {}

impl Engine {
    /// An engine as it is after its installation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stop everything that listens for containers.
    pub(crate) fn end(&self) {}

    /// Connect to a container.
    pub(crate) fn connect(&self, _world: &Arc<World>, _address: IpAddr, _port: u16) -> Option<ByteStream> {
        None
    }

    /// The name of the cluster whose API server listens there.
    pub(crate) fn cluster_at(&self, _address: IpAddr, _port: u16) -> Option<String> {
        None
    }

    /// The address of a container.
    pub(crate) fn resolve(&self, _name: &str) -> Option<IpAddr> {
        None
    }
}

/// Serve the API of the engine until the task is ended.
pub(crate) async fn serve(_world: Arc<World>, _listener: tokio::net::UnixListener) {}

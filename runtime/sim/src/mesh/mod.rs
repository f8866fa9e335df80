//! The mesh: which request reaches what, and how it fails, from what was configured.

use std::{net::IpAddr, sync::Arc};

use crate::{World, stream::ByteStream};

/// Connect to an address of a load balancer or to a node port. Nothing when nobody has it.
#[must_use]
pub fn connect(_world: &Arc<World>, _address: IpAddr, _port: u16) -> Option<ByteStream> {
    None
}

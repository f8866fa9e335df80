//! MetalLB: install, address pools, readiness.

mod error;
mod network;
mod plan;
mod range;

pub use error::Error;
pub use network::{Network, Subnet, Used};
pub use plan::{Assignment, Claim, Pool, plan};
pub use range::{InvalidRange, Range};

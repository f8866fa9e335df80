//! MetalLB: install, address pools, readiness.

mod error;
mod install;
mod network;
mod nodes;
mod objects;
mod plan;
mod pools;
mod range;

pub use error::Error;
pub use install::install;
pub use network::{Network, Subnet, Used};
pub use nodes::let_nodes_announce;
pub use objects::NAMESPACE;
pub use plan::{Assignment, Claim, Pool, plan};
pub use pools::{Configuration, configure, pools};
pub use range::{InvalidRange, Range};

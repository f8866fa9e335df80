//! What a running mesh says about itself: istiod's debug pages and those of proxies, over forwarded ports. Pods answer to their own
//! machine without a token, and a forwarded port is that.

mod control_planes;
mod endpoints;
mod page;
mod proxies;
mod remotes;

pub use control_planes::{ControlPlane, control_planes};
pub use endpoints::{Endpoint, endpoints};
pub use page::{Page, istiods};
pub use proxies::{Proxy, proxies};
pub use remotes::{Remote, remotes, wait_for_remotes};

//! Installing what an IstioOperator renders to, as istioctl 1.20 does it: with its labels and field manager, in its order, with its
//! state object, so that either can go on where the other left off.
//!
//! What differs is on purpose. A component whose predecessor fails is not started, so that what failed is told and not what
//! follows from it; all waits share one deadline and carry evidence; a repeat leaves alone what istiod has written into the webhooks
//! since; pruning also finds what an older version left.

mod adopt;
mod conflict;
mod default_webhooks;
mod installation;
mod owner;
mod plan;
mod prune;
mod state;
mod uninstall;

pub(crate) use conflict::overlap;
pub(crate) use default_webhooks::live_webhooks;
pub(crate) use installation::rendering;
pub use installation::{Installed, Options, facts, install};
pub use owner::{FIELD_MANAGER, Owner};
pub use plan::{Part, Plan};
pub(crate) use state::KIND as STATE;
pub use uninstall::{Uninstall, Uninstalled, uninstall};

//! Gateways: those of the multicluster guides and others, as IstioOperators; what is exposed through them; their addresses.
//!
//! Services must be exposed before an east-west gateway starts: one that runs before the Gateway of mode AUTO_PASSTHROUGH exists
//! gets its listeners from istiod 1.20.1, but not the clusters behind them, until it is started again (seen with real images).

mod address;
mod east_west;
mod expose;
mod single;

pub use address::address;
pub(crate) use address::address_of;
pub use east_west::{EAST_WEST_GATEWAY, EastWest, east_west};
pub use expose::{expose, expose_istiod, expose_services};
pub use single::{Gateway, Port, gateway};

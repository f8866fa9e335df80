//! Istio: IstioOperator to manifests, install, gateways, remote secrets, checks.

pub mod debug;
mod error;
pub mod gateway;
pub mod install;
pub mod operator;
pub mod remote;
pub mod verify;

pub use error::Error;
pub(crate) use error::is_unknown_kind;

//! Istio: IstioOperator to manifests, install, gateways, remote secrets, checks.

pub mod debug;
mod error;
pub mod gateway;
pub mod install;
pub mod operator;
pub mod remote;

pub use error::Error;

//! Istio: IstioOperator to manifests, install, gateways, remote secrets, checks.

mod error;
pub mod gateway;
pub mod install;
pub mod operator;

pub use error::Error;

//! Istio: IstioOperator to manifests, install, gateways, remote secrets, checks.

pub mod gateway;
pub mod install;
pub mod operator;

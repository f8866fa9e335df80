//! Istio: IstioOperator to manifests, install, gateways, remote secrets, checks.

//! Operations `metallb::*`: addresses for services of type LoadBalancer.

mod configure;
mod install;
mod plan;
mod pools;

use crate::catalogue::Catalogue;

/// The codes of failures of an operation, with those of every operation that talks to a cluster.
macro_rules! cluster_failures {
    [$($code:literal),* $(,)?] => {
        &[
            $($code,)*
            "kube::no_kubeconfig",
            "kube::no_context",
            "kube::bad_kubeconfig",
            "kube::unreadable",
            "kube::malformed",
            "kube::unreachable",
            "kube::unauthorized",
            "kube::forbidden",
            "kube::slow",
            "kube::refused",
            "kube::failed",
            "kube::unexpected",
        ]
    };
}
use cluster_failures;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<install::Install>();
    catalogue.add::<plan::Plan>();
    catalogue.add::<configure::Configure>();
    catalogue.add::<pools::Pools>();
}

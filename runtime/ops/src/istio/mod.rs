//! Operations `istio::*`: manifests, control planes, gateways, and meshes of several clusters.

mod add_remote;
mod configuration;
mod east_west;
mod endpoints;
mod expose_istiod;
mod expose_services;
mod install;
mod install_gateway;
mod manifest;
mod proxies;
mod remote;
mod remote_secret;
mod remotes;
mod remove_remote;
mod uninstall;
mod version;

use crate::catalogue::Catalogue;

/// The codes of failures of an operation, with those of every one that renders a manifest.
macro_rules! render_failures {
    [$($code:literal),* $(,)?] => {
        &[
            $($code,)*
            "istio::unreadable",
            "istio::no_charts",
            "istio::broken_chart",
            "istio::render",
            "istio::rendered_yaml",
            "istio::rendered_object",
            "istio::operator_yaml",
            "istio::no_operator",
            "istio::several_operators",
            "istio::merge",
            "istio::invalid_operator",
            "istio::unusable_operator",
            "istio::set_syntax",
            "istio::set_number",
            "istio::set_path",
            "istio::no_profile",
            "istio::no_component",
            "istio::no_gateway",
            "istio::k8s_setting",
            "istio::overlay",
            "istio::cert_provider",
            "release::unavailable",
            "release::version",
            "release::digest",
            "release::incomplete",
            "release::archive",
            "release::too_large",
            "release::unreadable",
            "release::unwritable",
            "release::timeout",
            "release::url",
        ]
    };
}
use render_failures;

/// The codes of failures of an operation, with those of every one that talks to a cluster.
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

/// As [`render_failures`], with those of every operation that talks to a cluster and changes it.
macro_rules! install_failures {
    [$($code:literal),* $(,)?] => {
        $crate::istio::render_failures![
            $($code,)*
            "istio::webhook_conflict",
            "kube::foreign_context",
            "kube::invalid",
            "kube::conflict",
            "kube::several",
            "kube::no_kind",
            "kube::not_found",
            "kube::wait",
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
use install_failures;

/// Where Istio is, unless somebody has it elsewhere.
fn istio_namespace() -> String {
    "istio-system".to_owned()
}

/// Long enough for what is applied, and for a webhook that does not serve yet.
fn soon() -> meshrun_terms::Timeout {
    meshrun_terms::Timeout::minutes(2)
}

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<manifest::RenderManifest>();
    catalogue.add::<install::Install>();
    catalogue.add::<uninstall::Uninstall>();
    catalogue.add::<version::Version>();
    catalogue.add::<install_gateway::InstallGateway>();
    catalogue.add::<east_west::EastWest>();
    catalogue.add::<expose_services::ExposeServices>();
    catalogue.add::<expose_istiod::ExposeIstiod>();
    catalogue.add::<remote_secret::RemoteSecret>();
    catalogue.add::<add_remote::AddRemote>();
    catalogue.add::<remove_remote::RemoveRemote>();
    catalogue.add::<remotes::Remotes>();
    catalogue.add::<proxies::Proxies>();
    catalogue.add::<endpoints::Endpoints>();
}

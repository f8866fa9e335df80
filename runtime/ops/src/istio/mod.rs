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
mod verify;
mod version;

use crate::{catalogue::Catalogue, failures::cluster_failures};

/// The codes of an operation that renders a manifest.
macro_rules! render_failures {
    [$($code:literal),* $(,)?] => {
        $crate::failures::failures![&[$($code),*], $crate::failures::MANIFEST, $crate::failures::RELEASE]
    };
}
use render_failures;

/// The codes of an operation that renders a manifest and puts it into a cluster.
macro_rules! install_failures {
    [$($code:literal),* $(,)?] => {
        $crate::failures::failures![
            &[$($code),*],
            $crate::failures::MANIFEST,
            $crate::failures::RELEASE,
            $crate::failures::INSTALL,
            $crate::failures::CLUSTER,
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
    catalogue.add::<verify::Verify>();
}

//! Operations `kube::*`: objects of clusters, and the contexts of the kubeconfig.

mod alias_context;
mod annotate;
mod apply;
mod can_i;
mod close_port_forward;
mod contexts;
mod create_config_map;
mod create_namespace;
mod create_secret;
mod current_context;
mod delete;
mod delete_manifest;
mod events;
mod evidence;
mod exec;
mod find;
mod get;
mod get_raw;
mod how;
mod label;
mod list;
mod logs;
mod manifest;
mod patch;
mod pods;
mod port_forward;
mod remove_context;
mod rename_context;
mod rollout_restart;
mod rollout_status;
mod secret;
mod selection;
mod set_server;
mod use_context;
mod version;
mod wait;

use crate::catalogue::Catalogue;

/// The codes of failures of an operation, with those of every operation that reads the kubeconfig.
macro_rules! kubeconfig_failures {
    [$($code:literal),* $(,)?] => {
        &[
            $($code,)*
            "kube::no_kubeconfig",
            "kube::bad_kubeconfig",
            "kube::unreadable",
            "kube::malformed",
        ]
    };
}
use kubeconfig_failures;

/// The codes of failures of an operation, with those of every operation that talks to a cluster.
macro_rules! cluster_failures {
    [$($code:literal),* $(,)?] => {
        &[
            $($code,)*
            "kube::no_context",
            "kube::no_kubeconfig",
            "kube::bad_kubeconfig",
            "kube::unreadable",
            "kube::malformed",
            "kube::unreachable",
            "kube::slow",
            "kube::unauthorized",
            "kube::forbidden",
            "kube::refused",
            "kube::failed",
            "kube::unexpected",
        ]
    };
}
use cluster_failures;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<apply::Apply>();
    catalogue.add::<delete::Delete>();
    catalogue.add::<delete_manifest::DeleteManifest>();
    catalogue.add::<get::Get>();
    catalogue.add::<find::Find>();
    catalogue.add::<list::List>();
    catalogue.add::<patch::PatchObject>();
    catalogue.add::<label::Label>();
    catalogue.add::<annotate::Annotate>();
    catalogue.add::<create_namespace::CreateNamespace>();
    catalogue.add::<create_secret::CreateSecret>();
    catalogue.add::<create_config_map::CreateConfigMap>();
    catalogue.add::<secret::ReadSecret>();
    catalogue.add::<wait::Wait>();
    catalogue.add::<rollout_status::RolloutStatus>();
    catalogue.add::<rollout_restart::RolloutRestart>();
    catalogue.add::<pods::Pods>();
    catalogue.add::<logs::Logs>();
    catalogue.add::<exec::Exec>();
    catalogue.add::<port_forward::PortForward>();
    catalogue.add::<close_port_forward::ClosePortForward>();
    catalogue.add::<events::Events>();
    catalogue.add::<evidence::ShowEvidence>();
    catalogue.add::<version::ReadVersion>();
    catalogue.add::<can_i::CanI>();
    catalogue.add::<get_raw::GetRaw>();
    catalogue.add::<contexts::Contexts>();
    catalogue.add::<current_context::CurrentContext>();
    catalogue.add::<use_context::UseContext>();
    catalogue.add::<rename_context::RenameContext>();
    catalogue.add::<alias_context::AliasContext>();
    catalogue.add::<set_server::SetServer>();
    catalogue.add::<remove_context::RemoveContext>();
}

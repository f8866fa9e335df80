//! Operations `kind::*`: clusters of Kubernetes on a Docker engine, as the `kind` command makes them.

mod clean_up;
mod cluster;
mod clusters;
mod contexts;
mod create_cluster;
mod delete_cluster;
mod document;
mod export_kubeconfig;
mod export_logs;
mod kubeconfig;
mod load_archive;
mod load_image;
mod named;
mod nodes;
mod start;
mod stop;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<create_cluster::CreateCluster>();
    catalogue.add::<delete_cluster::DeleteCluster>();
    catalogue.add::<clusters::Clusters>();
    catalogue.add::<cluster::FindCluster>();
    catalogue.add::<nodes::Nodes>();
    catalogue.add::<kubeconfig::ReadKubeconfig>();
    catalogue.add::<export_kubeconfig::ExportKubeconfig>();
    catalogue.add::<load_image::LoadImage>();
    catalogue.add::<load_archive::LoadArchive>();
    catalogue.add::<export_logs::ExportLogs>();
    catalogue.add::<start::Start>();
    catalogue.add::<stop::Stop>();
    catalogue.add::<clean_up::CleanUp>();
}

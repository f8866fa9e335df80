//! Operations `docker::*`: images, containers, networks and volumes of the Docker engine.

mod connect_network;
mod container;
mod copy_from;
mod copy_to;
mod create;
mod create_network;
mod create_volume;
mod disconnect_network;
mod exec;
mod images;
mod info;
mod inspect;
mod inspect_image;
mod inspect_network;
mod list;
mod load;
mod logs;
mod networks;
mod pause;
mod pull;
mod remove;
mod remove_image;
mod remove_network;
mod remove_volume;
mod restart;
mod run;
mod save;
mod start;
mod stop;
mod subnets;
mod tag_image;
mod unpause;
mod version;
mod volumes;
mod wait;
mod wait_log;

use crate::catalogue::Catalogue;

/// The codes of failures of an operation, with those of every operation that talks to the engine.
macro_rules! engine_failures {
    [$($code:literal),* $(,)?] => {
        &[
            $($code,)*
            "docker::no_engine",
            "docker::engine",
            "docker::bad_host",
            "docker::no_context",
            "docker::no_certificate",
            "docker::unverified_tls",
            "docker::unreadable",
            "docker::malformed",
        ]
    };
}
use engine_failures;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<version::Version>();
    catalogue.add::<info::Info>();
    catalogue.add::<pull::Pull>();
    catalogue.add::<images::Images>();
    catalogue.add::<inspect_image::InspectImage>();
    catalogue.add::<tag_image::TagImage>();
    catalogue.add::<load::Load>();
    catalogue.add::<save::Save>();
    catalogue.add::<remove_image::RemoveImage>();
    catalogue.add::<run::Run>();
    catalogue.add::<create::Create>();
    catalogue.add::<start::Start>();
    catalogue.add::<stop::Stop>();
    catalogue.add::<restart::Restart>();
    catalogue.add::<pause::Pause>();
    catalogue.add::<unpause::Unpause>();
    catalogue.add::<remove::RemoveContainer>();
    catalogue.add::<wait::Wait>();
    catalogue.add::<exec::Exec>();
    catalogue.add::<logs::Logs>();
    catalogue.add::<wait_log::WaitLog>();
    catalogue.add::<inspect::Inspect>();
    catalogue.add::<list::List>();
    catalogue.add::<copy_to::CopyTo>();
    catalogue.add::<copy_from::CopyFrom>();
    catalogue.add::<create_network::CreateNetwork>();
    catalogue.add::<networks::Networks>();
    catalogue.add::<inspect_network::InspectNetwork>();
    catalogue.add::<subnets::Subnets>();
    catalogue.add::<connect_network::ConnectNetwork>();
    catalogue.add::<disconnect_network::DisconnectNetwork>();
    catalogue.add::<remove_network::RemoveNetwork>();
    catalogue.add::<create_volume::CreateVolume>();
    catalogue.add::<volumes::Volumes>();
    catalogue.add::<remove_volume::RemoveVolume>();
}

//! Operations `release::*`: releases of Istio and MetalLB, and files behind URLs.

mod fetch;
mod istio;
mod metallb;

use meshrun_release::Sources;

use crate::World;
use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<istio::Istio>();
    catalogue.add::<metallb::Metallb>();
    catalogue.add::<fetch::FetchFile>();
}

/// Where releases come from in this world: its folder of releases, its cache, mirrors from its environment.
pub(crate) fn sources(world: &World) -> Sources {
    let mut sources = Sources::new(world.cache_dir());
    sources.release_dir = world.release_dir();
    if let Some(mirror) = world.environment.variable("MESHRUN_ISTIO_URL") {
        sources.istio_url = mirror.to_owned();
    }
    if let Some(mirror) = world.environment.variable("MESHRUN_METALLB_URL") {
        sources.metallb_url = mirror.to_owned();
    }
    sources
}

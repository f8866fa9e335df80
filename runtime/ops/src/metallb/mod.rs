//! Operations `metallb::*`: addresses for services of type LoadBalancer.

mod configure;
mod install;
mod plan;
mod pools;

use crate::catalogue::Catalogue;
use crate::failures::cluster_failures;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<install::Install>();
    catalogue.add::<plan::Plan>();
    catalogue.add::<configure::Configure>();
    catalogue.add::<pools::Pools>();
}

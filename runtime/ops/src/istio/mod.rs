//! Operations `istio::*`.

mod manifest;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<manifest::RenderManifest>();
}

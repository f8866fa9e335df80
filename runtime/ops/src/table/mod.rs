//! Operations `table::*`: rows for a terminal.

mod layout;
mod render;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<render::Render>();
}

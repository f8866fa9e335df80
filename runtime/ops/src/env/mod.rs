//! Operations `env::*`: the environment that meshrun was started in.

mod get;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<get::Get>();
}

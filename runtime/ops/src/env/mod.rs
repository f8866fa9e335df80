//! Operations `env::*`: the environment that meshrun was started in.

mod all;
mod arch;
mod directory;
mod get;
mod has;
mod home;
mod os;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<get::Get>();
    catalogue.add::<has::Has>();
    catalogue.add::<all::All>();
    catalogue.add::<os::Os>();
    catalogue.add::<arch::Arch>();
    catalogue.add::<home::Home>();
    catalogue.add::<directory::Directory>();
}

//! Operations `process::*`: programs of this machine, never through a shell.

mod child;
mod error;
mod find;
mod run;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<run::Run>();
    catalogue.add::<find::Find>();
}

//! Operations `file::*`: files and folders. Relative paths are taken from the working folder, `~/` is the home folder.

mod append;
pub(crate) mod content;
pub(crate) mod error;
mod exists;
mod glob;
mod info;
mod make_dir;
mod mode;
mod read;
mod read_lines;
mod remove;
mod temp_dir;
mod write;

use std::path::PathBuf;

use crate::Environment;
use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<read::Read>();
    catalogue.add::<read_lines::ReadLines>();
    catalogue.add::<write::Write>();
    catalogue.add::<append::Append>();
    catalogue.add::<exists::Exists>();
    catalogue.add::<info::Info>();
    catalogue.add::<glob::Glob>();
    catalogue.add::<make_dir::MakeDir>();
    catalogue.add::<temp_dir::TempDir>();
    catalogue.add::<remove::Remove>();
}

/// Where temporary folders are made: `TMPDIR`, or the system's usual place.
fn temporary(environment: &Environment) -> PathBuf {
    environment.variable("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), |path| environment.path(path))
}

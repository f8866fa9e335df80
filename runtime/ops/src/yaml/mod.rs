//! Operations `yaml::*`: YAML read and written as Kubernetes and Helm do.

mod parse;
mod parse_all;
mod read;
mod read_all;
mod to_string;
mod to_string_all;
mod write;
mod write_all;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<parse::Parse>();
    catalogue.add::<parse_all::ParseAll>();
    catalogue.add::<to_string::ToString>();
    catalogue.add::<to_string_all::ToStringAll>();
    catalogue.add::<read::Read>();
    catalogue.add::<read_all::ReadAll>();
    catalogue.add::<write::Write>();
    catalogue.add::<write_all::WriteAll>();
}

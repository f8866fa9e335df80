//! Operations `hash::*`: digests.

mod file_sha256;
mod sha256;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<sha256::HashSha256>();
    catalogue.add::<file_sha256::FileSha256>();
}

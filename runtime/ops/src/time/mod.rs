//! Operations `time::*`.

use crate::catalogue::Catalogue;

pub(crate) fn register(_catalogue: &mut Catalogue) {}

//! Operations `time::*`: times as RFC 3339 and durations with their units. To pause, there is `sleep`.

mod add;
mod error;
mod format;
mod from_unix;
mod moment;
mod now;
mod parse;
mod seconds;
mod since;
mod unix;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<now::Now>();
    catalogue.add::<unix::Unix>();
    catalogue.add::<from_unix::FromUnix>();
    catalogue.add::<format::Format>();
    catalogue.add::<parse::Parse>();
    catalogue.add::<add::Add>();
    catalogue.add::<since::Since>();
    catalogue.add::<seconds::Seconds>();
}

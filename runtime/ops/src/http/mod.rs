//! Operations `http::*`: requests to servers.

mod error;
mod exchange;
mod get;
mod request;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<get::Get>();
    catalogue.add::<request::Request>();
}

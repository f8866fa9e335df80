//! Operations `net::*`: arithmetic with addresses and subnets.

mod addresses;
mod contains;
mod describe;
mod list_addresses;
mod nth_address;
mod overlaps;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<contains::Contains>();
    catalogue.add::<overlaps::Overlaps>();
    catalogue.add::<describe::Describe>();
    catalogue.add::<nth_address::NthAddress>();
    catalogue.add::<list_addresses::ListAddresses>();
}

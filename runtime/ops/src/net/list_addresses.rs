//! `net::list_addresses`: every address of a range.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::addresses::Addresses;
use crate::{Cx, Operation};

/// What a script can reasonably hold: a /16.
const MOST: u128 = 65_536;

/// List the addresses of a subnet or range, first to last. Returns a list of strings; of a subnet it includes the
/// network's own and the broadcast address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAddresses {
    /// A subnet or a range, of at most 65,536 addresses.
    addresses: Addresses,
}

impl Operation for ListAddresses {
    type Output = Vec<String>;

    const NAME: &'static str = "net::list_addresses";
    const POSITIONAL: &'static [&'static str] = &["addresses"];
    const RETURNS: &'static str = "a list of addresses as strings";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["net::too_many_addresses"];
    const EXAMPLE: &'static str = r#"for address in net::list_addresses("10.0.0.1-10.0.0.3") { print(address); }"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        if self.addresses.span() >= MOST {
            let message = format!("{} holds more than {MOST} addresses", self.addresses);
            return Err(Failure::new("net::too_many_addresses", message).with_help("pick some with net::nth_address"));
        }
        let places = (0_i64..).map_while(|place| self.addresses.nth(place));
        Ok(places.map(|address| address.to_string()).collect())
    }
}

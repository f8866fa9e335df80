//! `net::nth_address`: one address out of many.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::addresses::Addresses;
use crate::{Cx, Operation};

/// Pick an address of a subnet or range by its place. Returns the address as a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NthAddress {
    /// A subnet or a range.
    addresses: Addresses,
    /// The place: 0 is the first address (of a subnet: the network itself), -1 the last.
    place: i64,
}

impl Operation for NthAddress {
    type Output = String;

    const NAME: &'static str = "net::nth_address";
    const POSITIONAL: &'static [&'static str] = &["addresses", "place"];
    const RETURNS: &'static str = "an address as a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["net::no_such_address"];
    const EXAMPLE: &'static str = r#"let last_host = net::nth_address("172.18.0.0/16", -2);"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let found = self.addresses.nth(self.place).map(|address| address.to_string());
        found.ok_or_else(|| {
            Failure::new("net::no_such_address", format!("{} has no address at place {}", self.addresses, self.place))
        })
    }
}

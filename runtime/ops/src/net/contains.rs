//! `net::contains`: whether addresses lie in others.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::addresses::Addresses;
use crate::{Cx, Operation};

/// Tell whether one set of addresses holds all of another. Returns a bool; IPv4 and IPv6 never hold each other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    /// The larger one, usually a subnet.
    outer: Addresses,
    /// What should lie in it: an address, a subnet or a range.
    inner: Addresses,
}

impl Operation for Contains {
    type Output = bool;

    const NAME: &'static str = "net::contains";
    const POSITIONAL: &'static [&'static str] = &["outer", "inner"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let inside = net::contains("172.18.0.0/16", "172.18.255.200-172.18.255.219");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.outer.contains(&self.inner))
    }
}

//! `net::overlaps`: whether addresses meet others.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::addresses::Addresses;
use crate::{Cx, Operation};

/// Tell whether two sets of addresses share one. Returns a bool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlaps {
    /// An address, a subnet or a range.
    a: Addresses,
    /// Another one.
    b: Addresses,
}

impl Operation for Overlaps {
    type Output = bool;

    const NAME: &'static str = "net::overlaps";
    const POSITIONAL: &'static [&'static str] = &["a", "b"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let clash = net::overlaps("10.244.0.0/16", "10.245.0.0/16");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(self.a.overlaps(&self.b))
    }
}

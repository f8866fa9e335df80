//! `net::describe`: a subnet or range taken apart.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addresses::Addresses;
use crate::{Cx, Operation};

/// Take a subnet or range apart. Returns a map: `first` and `last` (addresses), `size` (how many there are, at most
/// 9,223,372,036,854,775,807), `version` (4 or 6).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Describe {
    /// An address, a subnet or a range.
    addresses: Addresses,
}

/// What a subnet or range consists of.
#[derive(Debug, Serialize)]
pub struct Description {
    first: String,
    last: String,
    size: i64,
    version: u8,
}

impl Operation for Describe {
    type Output = Description;

    const NAME: &'static str = "net::describe";
    const POSITIONAL: &'static [&'static str] = &["addresses"];
    const RETURNS: &'static str = "a map: first, last, size, version";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"let last = net::describe("172.18.0.0/16").last;"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let (first, last) = (self.addresses.first(), self.addresses.last());
        Ok(Description {
            first: first.to_string(),
            last: last.to_string(),
            size: i64::try_from(self.addresses.span().saturating_add(1)).unwrap_or(i64::MAX),
            version: if first.is_ipv4() { 4 } else { 6 },
        })
    }
}

//! `pki::inspect`: what certificates say.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::Inspection;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Read all certificates of a PEM text. Returns a list of maps, in order: `subject`, `issuer`, `common_name`,
/// `organization`, `locality`, `serial`, `not_before`, `not_after`, `expired`, `names`, `is_authority`,
/// `path_length`, `usages`, `key_type`, `self_signed` and `sha256`, which is the same only for the same certificate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspect {
    /// The text.
    pem: String,
}

impl Operation for Inspect {
    type Output = Vec<Inspection>;

    const NAME: &'static str = "pki::inspect";
    const POSITIONAL: &'static [&'static str] = &["pem"];
    const RETURNS: &'static str = "a list of maps";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["pki::pem", "pki::certificate"];
    const EXAMPLE: &'static str =
        "for found in pki::inspect(pki::root().cert_pem) { print(`${found.subject} until ${found.not_after}`); }";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_pki::inspect(&self.pem)?)
    }
}

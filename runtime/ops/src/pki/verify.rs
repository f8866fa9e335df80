//! `pki::verify`: that a certificate is trusted.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::Verified;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Check that the first certificate of a chain is trusted by a root: every signature, everybody's validity now, and
/// that whoever issued may do so. Returns a map: `path`, the subjects up to the root, and `valid_until`. A chain that
/// is not trusted is an error that names the certificate at which it breaks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// PEM: the certificate, then those above it; the root may be left out.
    chain: String,
    /// PEM: the certificates that are trusted.
    root: String,
}

impl Operation for Verify {
    type Output = Verified;

    const NAME: &'static str = "pki::verify";
    const POSITIONAL: &'static [&'static str] = &["chain", "root"];
    const RETURNS: &'static str = "a map: path, valid_until";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[
        "pki::pem",
        "pki::certificate",
        "pki::untrusted",
        "pki::not_an_authority",
        "pki::path_length",
        "pki::expired",
        "pki::not_yet_valid",
        "pki::extension",
    ];
    const EXAMPLE: &'static str = r#"let root = pki::root();
let cluster1 = pki::intermediate(root, "cluster1");
print(pki::verify(cluster1.chain_pem, root.cert_pem).valid_until);"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_pki::verify(&self.chain, &self.root)?)
    }
}

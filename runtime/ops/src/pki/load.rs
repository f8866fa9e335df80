//! `pki::load`: an authority of one's own.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::Authority;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Load an authority from its files: one's company's, or one that openssl made. Returns a map as of `pki::root`. Keys
/// may be PKCS#8, PKCS#1 or SEC1, not encrypted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// The file of its certificate, followed by those above it up to the root.
    certificates: String,
    /// The file of its key.
    key: String,
}

impl Operation for Load {
    type Output = Authority;

    const NAME: &'static str = "pki::load";
    const POSITIONAL: &'static [&'static str] = &["certificates", "key"];
    const RETURNS: &'static str = "a map: cert_pem, key_pem, chain_pem, root_pem";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &[
        "pki::key",
        "pki::pem",
        "pki::certificate",
        "pki::key_mismatch",
        "pki::not_an_authority",
        "pki::expired",
        "pki::not_yet_valid",
        "pki::untrusted",
        "pki::unreadable",
    ];
    const EXAMPLE: &'static str = "let folder = `${file::temp_dir()}/certs`;
pki::ensure_root(folder);
let root = pki::load(`${folder}/root-cert.pem`, `${folder}/root-key.pem`);";

    fn subject(&self) -> String {
        self.certificates.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let environment = &cx.world.environment;
        let (certificates, key) = (environment.path(&self.certificates), environment.path(&self.key));
        super::blocking(move || meshrun_pki::load_files(&certificates, &key)).await
    }
}

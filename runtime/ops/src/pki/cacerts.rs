//! `pki::cacerts`: the files of the secret `cacerts`.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::{Authority, CaCerts};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Compose the files of the secret `cacerts`, which gives istiod its authority. Returns a map of the guide's four
/// files: `ca-cert.pem`, `ca-key.pem`, `root-cert.pem`, `cert-chain.pem`. The secret must be in `istio-system` before
/// istiod starts, otherwise istiod makes an authority of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cacerts {
    /// The cluster's authority, as `pki::intermediate` returns it.
    intermediate: Authority,
    /// The root above it.
    root: Authority,
}

impl Operation for Cacerts {
    type Output = CaCerts;

    const NAME: &'static str = "pki::cacerts";
    const POSITIONAL: &'static [&'static str] = &["intermediate", "root"];
    const RETURNS: &'static str = "a map of four files";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[
        "pki::untrusted",
        "pki::pem",
        "pki::certificate",
        "pki::not_an_authority",
        "pki::expired",
        "pki::not_yet_valid",
    ];
    const EXAMPLE: &'static str = r#"let root = pki::root();
let files = pki::cacerts(pki::intermediate(root, "cluster1"), root);
print(files.keys());"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_pki::cacerts(&self.intermediate, &self.root)?)
    }
}

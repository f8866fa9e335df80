//! `pki::certificate`: a certificate of a server or client.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::{Authority, CertificateOptions, KeyType, Leaf, Usage};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Issue a certificate for a server or client. Returns a map: `cert_pem`, `key_pem`, `chain_pem` (what a server
/// presents: without the root), `root_pem` (what the other side trusts). It is kept nowhere, and a repeat makes
/// another one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Who issues it, as `pki::root` or `pki::intermediate` returns it.
    authority: Authority,
    /// DNS names, also with a leading `*.`, addresses, or URIs such as `spiffe://cluster.local/ns/default/sa/sleep`.
    names: Vec<String>,
    /// The subject's common name; by default the first DNS name.
    #[serde(default)]
    common_name: Option<String>,
    /// The subject's organization; by default `Istio`.
    #[serde(default)]
    organization: Option<String>,
    /// What it may be used for; by default both.
    #[serde(default)]
    usages: Option<Vec<Usage>>,
    /// The kind of key; by default `ecdsa-p256`.
    #[serde(default)]
    key_type: Option<KeyType>,
    /// How long it is valid; by default `365d`.
    #[serde(default)]
    validity: Option<Timeout>,
}

impl Operation for Certificate {
    type Output = Leaf;

    const NAME: &'static str = "pki::certificate";
    const POSITIONAL: &'static [&'static str] = &["authority", "names"];
    const RETURNS: &'static str = "a map: cert_pem, key_pem, chain_pem, root_pem";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[
        "pki::generate",
        "pki::validity",
        "pki::name",
        "pki::key",
        "pki::pem",
        "pki::certificate",
        "pki::key_mismatch",
        "pki::not_an_authority",
        "pki::expired",
        "pki::not_yet_valid",
    ];
    const EXAMPLE: &'static str = r#"let root = pki::root();
let server = pki::certificate(root, ["helloworld.example.com"], #{ usages: ["server"], validity: "90d" });"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let options = CertificateOptions {
            common_name: self.common_name,
            organization: self.organization,
            key_type: self.key_type,
            validity: self.validity,
            names: self.names,
            usages: self.usages,
        };
        super::blocking(move || meshrun_pki::certificate(&self.authority, &options)).await
    }
}

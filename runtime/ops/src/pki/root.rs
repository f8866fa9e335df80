//! `pki::root`: a root authority.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::{Authority, AuthorityOptions, KeyType};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Make a root authority as Istio's guide does: `O=Istio, CN=Root CA`. Returns a map: `cert_pem`, `key_pem`,
/// `chain_pem`, `root_pem`. It is kept nowhere, and a repeat makes another one: to keep it, use `pki::ensure_root`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The subject's common name; by default `Root CA`.
    #[serde(default)]
    common_name: Option<String>,
    /// The subject's organization; by default `Istio`.
    #[serde(default)]
    organization: Option<String>,
    /// The kind of key; by default `ecdsa-p256`. Istio's guide has `rsa-4096`, which takes a second or several to
    /// make.
    #[serde(default)]
    key_type: Option<KeyType>,
    /// How long it is valid; by default `3650d`, as in the guide.
    #[serde(default)]
    validity: Option<Timeout>,
}

impl Operation for Root {
    type Output = Authority;

    const NAME: &'static str = "pki::root";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a map: cert_pem, key_pem, chain_pem, root_pem";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["pki::generate", "pki::validity", "pki::name"];
    const EXAMPLE: &'static str = r#"let root = pki::root(#{ organization: "Example" });"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let options = AuthorityOptions {
            common_name: self.common_name,
            organization: self.organization,
            key_type: self.key_type,
            validity: self.validity,
            ..AuthorityOptions::default()
        };
        super::blocking(move || meshrun_pki::root(&options)).await
    }
}

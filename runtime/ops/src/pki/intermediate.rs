//! `pki::intermediate`: an intermediate authority.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::{Authority, AuthorityOptions, KeyType};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Make an authority beneath another one, for a cluster, as Istio's guide does: `O=Istio, CN=Intermediate CA,
/// L=cluster1`, with istiod's name. Returns a map: `cert_pem`, `key_pem`, `chain_pem`, `root_pem`. It is kept
/// nowhere, and a repeat makes another one: to keep it, use `pki::ensure_cacerts`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intermediate {
    /// The upper authority, as `pki::root` returns it.
    authority: Authority,
    /// The cluster's name: the locality of the subject.
    cluster: String,
    /// The subject's common name; by default `Intermediate CA`.
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
    /// How many authorities may follow beneath it; by default 0.
    #[serde(default)]
    path_length: Option<u8>,
    /// DNS names, addresses or URIs; by default `istiod.istio-system.svc`.
    #[serde(default)]
    names: Option<Vec<String>>,
}

impl Operation for Intermediate {
    type Output = Authority;

    const NAME: &'static str = "pki::intermediate";
    const POSITIONAL: &'static [&'static str] = &["authority", "cluster"];
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
        "pki::path_length",
    ];
    const EXAMPLE: &'static str = r#"let root = pki::root();
let cluster1 = pki::intermediate(root, "cluster1");"#;

    fn subject(&self) -> String {
        self.cluster.clone()
    }

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let options = AuthorityOptions {
            common_name: self.common_name,
            organization: self.organization,
            key_type: self.key_type,
            validity: self.validity,
            path_length: self.path_length,
            names: self.names,
        };
        super::blocking(move || meshrun_pki::intermediate(&self.authority, &self.cluster, &options)).await
    }
}

//! `pki::ensure_root`: a root authority that is kept.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::{Authority, AuthorityOptions, KeyType};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Make sure that a folder has a root authority: `root-cert.pem` and, readable by this user only, `root-key.pem`.
/// Returns the authority, a map as of `pki::root`. A repeat returns the one that is there; one that has expired, that
/// is not as the options ask, or whose key is not its own is an error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnsureRoot {
    /// The folder; it is made when it is not there.
    folder: String,
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

impl Operation for EnsureRoot {
    type Output = Authority;

    const NAME: &'static str = "pki::ensure_root";
    const POSITIONAL: &'static [&'static str] = &["folder"];
    const RETURNS: &'static str = "a map: cert_pem, key_pem, chain_pem, root_pem";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
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
        "pki::unreadable",
        "pki::unwritable",
        "pki::locked",
        "pki::different",
        "pki::key_missing",
    ];
    const EXAMPLE: &'static str = "let root = pki::ensure_root(`${file::temp_dir()}/certs`);";

    fn subject(&self) -> String {
        self.folder.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let folder = cx.world.environment.path(&self.folder);
        let options = AuthorityOptions {
            common_name: self.common_name,
            organization: self.organization,
            key_type: self.key_type,
            validity: self.validity,
            ..AuthorityOptions::default()
        };
        let (steps, beneath) = (cx.steps().clone(), cx.world.beneath(&folder));
        super::blocking(move || {
            // A rehearsal finds what the user has, and makes what is missing in a home of its own.
            let found = beneath.map(|beneath| meshrun_pki::root_in(&beneath, &options, &steps)).transpose()?.flatten();
            found.map_or_else(|| meshrun_pki::ensure_root(&folder, &options, &steps), Ok)
        })
        .await
    }
}

//! `pki::ensure_cacerts`: a cluster's authority that is kept.

use meshrun_host::{Class, Effect, Failure};
use meshrun_pki::{Authority, AuthorityOptions, CaCerts, KeyType};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Make sure that a folder has the authority of a cluster, in the layout of Istio's guide: a folder of the cluster's
/// name with the files of the secret `cacerts`. Returns them as a map, as `pki::cacerts` does. A repeat returns those
/// that are there; when they are not of this root, have expired or are not as the options ask, it is an error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnsureCacerts {
    /// The folder above that of the cluster, usually the root's own.
    folder: String,
    /// The root, as `pki::ensure_root` returns it.
    root: Authority,
    /// The cluster's name.
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
}

impl Operation for EnsureCacerts {
    type Output = CaCerts;

    const NAME: &'static str = "pki::ensure_cacerts";
    const POSITIONAL: &'static [&'static str] = &["folder", "root", "cluster"];
    const RETURNS: &'static str = "a map of four files";
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
        "pki::untrusted",
    ];
    const EXAMPLE: &'static str = r#"let folder = `${file::temp_dir()}/certs`;
let root = pki::ensure_root(folder);
let files = pki::ensure_cacerts(folder, root, "cluster1");"#;

    fn subject(&self) -> String {
        self.cluster.clone()
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
            let (root, cluster) = (&self.root, &self.cluster);
            // A rehearsal finds what the user has, and makes what is missing in a home of its own.
            let look = |beneath: std::path::PathBuf| meshrun_pki::cacerts_in(&beneath, root, cluster, &options, &steps);
            let found = beneath.map(look).transpose()?.flatten();
            found.map_or_else(|| meshrun_pki::ensure_cacerts(&folder, root, cluster, &options, &steps), Ok)
        })
        .await
    }
}

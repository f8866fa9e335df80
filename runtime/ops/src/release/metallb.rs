//! `release::metallb`: a release of MetalLB.

use meshrun_host::{Class, Effect, Failure};
use meshrun_release::{Manifest, Sha256Digest, Variant};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, failures};

/// Find the manifest of a version of MetalLB: in the folder of `--release-dir` or MESHRUN_RELEASES, in the cache, or
/// at its publisher. Returns a map: `path` and `text`. It is checked against a digest that is known here for
/// `v0.13.10`; for another version give `sha256`, or a warning says that it is used unchecked. A repeat finds it in
/// the cache.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metallb {
    /// The version.
    #[serde(default = "version")]
    version: String,
    /// `native`, or `frr` for BGP with FRR.
    #[serde(default)]
    variant: Variant,
    /// What the manifest's digest must be.
    #[serde(default)]
    sha256: Option<Sha256Digest>,
    /// Where the manifests are; by default MESHRUN_METALLB_URL, then MetalLB's own address. Below it lies
    /// `v0.13.10/config/manifests/metallb-native.yaml`.
    #[serde(default)]
    url: Option<String>,
    /// How long a download may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

impl Operation for Metallb {
    type Output = Manifest;

    const NAME: &'static str = "release::metallb";
    const POSITIONAL: &'static [&'static str] = &["version"];
    const RETURNS: &'static str = "a map: path, text";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = failures::RELEASE;
    const EXAMPLE: &'static str = r#"let manifest = release::metallb("v0.13.10");
print(yaml::parse_all(manifest.text).len());"#;

    fn subject(&self) -> String {
        self.version.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let mut sources = super::sources(&cx.world);
        sources.timeout = self.timeout;
        sources.metallb_url = self.url.unwrap_or(sources.metallb_url);
        Ok(meshrun_release::metallb(&sources, &self.version, self.variant, self.sha256, cx.steps()).await?)
    }
}

fn version() -> String {
    "v0.13.10".to_owned()
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

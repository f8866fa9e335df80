//! `release::istio`: a release of Istio.

use std::path::PathBuf;

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, failures};

/// Find the release of a version of Istio: in the folder of `--release-dir` or MESHRUN_RELEASES, in the cache, or at
/// its publisher, checked against the digest that is published with it. Returns the path of the folder, laid out as
/// the unpacked archive: `manifests/charts`, `manifests/profiles`, `samples`. A repeat finds it in the cache.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Istio {
    /// The version.
    #[serde(default = "version")]
    version: String,
    /// Where the archives are; by default MESHRUN_ISTIO_URL, then Istio's own address. Below it lie
    /// `1.20.1/istio-1.20.1-linux-amd64.tar.gz` and its `.sha256`.
    #[serde(default)]
    url: Option<String>,
    /// How long a download may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

impl Operation for Istio {
    type Output = PathBuf;

    const NAME: &'static str = "release::istio";
    const POSITIONAL: &'static [&'static str] = &["version"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = failures::RELEASE;
    const EXAMPLE: &'static str = r#"let folder = release::istio("1.20.1");
print(file::exists(`${folder}/manifests/charts`));"#;

    fn subject(&self) -> String {
        self.version.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let mut sources = super::sources(&cx.world);
        sources.timeout = self.timeout;
        sources.istio_url = self.url.unwrap_or(sources.istio_url);
        Ok(meshrun_release::istio(&sources, &self.version, cx.steps()).await?)
    }
}

fn version() -> String {
    "1.20.1".to_owned()
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

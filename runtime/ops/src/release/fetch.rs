//! `release::fetch`: any file behind a URL.

use meshrun_host::{Class, Effect, Failure};
use meshrun_release::{Fetch, Fetched, Sha256Digest};
use meshrun_terms::{Bytes, Timeout};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Make a file be what is behind a URL; folders above it are made. Returns a map: `path`, `sha256`, `size` in bytes,
/// and `changed`. It appears whole or not at all. With `sha256`, a repeat finds it right and does not ask the server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchFile {
    /// The address, http or https.
    url: String,
    /// The file.
    path: String,
    /// What its digest must be.
    #[serde(default)]
    sha256: Option<Sha256Digest>,
    /// More is refused.
    #[serde(default = "limit")]
    limit: Bytes,
    /// How long it may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

impl Operation for FetchFile {
    type Output = Fetched;

    const NAME: &'static str = "release::fetch";
    const POSITIONAL: &'static [&'static str] = &["url", "path"];
    const RETURNS: &'static str = "a map: path, sha256, size, changed";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = &[
        "release::unreachable",
        "release::status",
        "release::redirects",
        "release::truncated",
        "release::client",
        "release::digest",
        "release::too_large",
        "release::unreadable",
        "release::unwritable",
        "release::timeout",
        "release::url",
    ];
    const EXAMPLE: &'static str = r#"try {
    release::fetch("http://127.0.0.1:8080/a.tgz", `${file::temp_dir()}/a.tgz`, #{ timeout: "2s" });
} catch (e) {
    print(e.message);
}"#;

    fn subject(&self) -> String {
        meshrun_release::shown(&self.url)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let wanted = Fetch { url: self.url, path, sha256: self.sha256, limit: self.limit, timeout: self.timeout };
        Ok(meshrun_release::fetch(&wanted, cx.steps()).await?)
    }
}

fn limit() -> Bytes {
    Bytes(1 << 30)
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

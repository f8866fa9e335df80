//! `file::info`: what a file is.

use jiff::Timestamp;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use tokio::fs;

use super::error::Error;
use super::mode::Mode;
use crate::{Cx, Operation};

/// Tell what a file or folder is. Returns a map: `kind` (`file`, `folder` or `other`), `size` in bytes, `mode` as
/// octal digits, `modified` as RFC 3339.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// The file or folder; links are followed.
    path: String,
}

impl Operation for Info {
    type Output = About;

    const NAME: &'static str = "file::info";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a map: kind, size, mode, modified";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::not_found", "file::unreadable"];
    const EXAMPLE: &'static str = r#"print(file::info(".").kind);"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let found = fs::metadata(&path).await.map_err(Error::reading(&path))?;
        let kind = match (found.is_file(), found.is_dir()) {
            (true, _) => "file",
            (_, true) => "folder",
            _ => "other",
        };
        let modified = found.modified().map_err(Error::reading(&path))?;
        let modified = Timestamp::try_from(modified).map(|time| time.to_string()).unwrap_or_default(); // beyond the year 9999
        Ok(About { kind, size: found.len(), mode: Mode::of(&found).to_string(), modified })
    }
}

/// What a file is.
#[derive(Debug, Serialize)]
pub struct About {
    kind: &'static str,
    size: u64,
    mode: String,
    modified: String,
}

//! `file::make_dir`: a folder.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::fs;

use super::error::Error;
use super::mode::Mode;
use crate::{Cx, Operation};

/// Make a folder and those above it. Returns whether it is new; a repeat finds it there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeDir {
    /// The folder.
    path: String,
    /// Who may do what with a new one, as three octal digits: `"700"`; by default `755`.
    #[serde(default)]
    mode: Option<Mode>,
}

impl Operation for MakeDir {
    type Output = bool;

    const NAME: &'static str = "file::make_dir";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unwritable"];
    const EXAMPLE: &'static str = r#"file::make_dir(`${file::temp_dir()}/certs`, #{ mode: "700" });"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        if fs::metadata(&path).await.is_ok_and(|found| found.is_dir()) {
            return Ok(false);
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(self.mode.map_or(0o755, Mode::bits));
        builder.create(&path).await.map_err(Error::writing(&path))?;
        cx.steps().changed(format!("made folder {}", path.display()));
        Ok(true)
    }
}

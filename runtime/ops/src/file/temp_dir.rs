//! `file::temp_dir`: a folder for what is needed for a while.

use std::path::PathBuf;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use crate::{Cx, Operation};

/// Make a new folder of its own for what is needed for a while, which only this user can enter. Returns its path. It
/// stays until it is removed: `on_exit(|| file::remove(folder, #{ recursive: true }))`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TempDir {
    /// What its name begins with.
    #[serde(default = "prefix")]
    prefix: String,
}

impl Operation for TempDir {
    type Output = PathBuf;

    const NAME: &'static str = "file::temp_dir";
    const POSITIONAL: &'static [&'static str] = &["prefix"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unwritable", "file::prefix"];
    const EXAMPLE: &'static str = "let folder = file::temp_dir();
on_exit(|| file::remove(folder, #{ recursive: true }));";

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let place = super::temporary(&cx.world.environment);
        if self.prefix.contains(['/', '\\']) {
            return Err(Error::Prefix(self.prefix).into());
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700));
        let made = builder.prefix(&format!("{}-", self.prefix)).tempdir_in(&place);
        Ok(made.map_err(Error::writing(&place))?.keep())
    }
}

fn prefix() -> String {
    "meshrun".to_owned()
}

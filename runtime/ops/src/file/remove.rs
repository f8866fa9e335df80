//! `file::remove`: no file or folder of this name.

use std::{io::ErrorKind, path::Path};

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::fs;

use super::error::Error;
use crate::{Cx, Environment, Operation};

/// Remove a file or an empty folder; with `recursive`, a folder and all in it. Returns whether there was one; a
/// repeat finds none. A link is removed, not what it leads to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remove {
    /// The file or folder.
    path: String,
    /// Remove a folder that is not empty.
    #[serde(default)]
    recursive: bool,
}

impl Operation for Remove {
    type Output = bool;

    const NAME: &'static str = "file::remove";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unwritable", "file::unreadable", "file::too_much"];
    const EXAMPLE: &'static str = r#"let folder = file::temp_dir();
file::write(`${folder}/a.txt`, "a");
file::remove(folder, #{ recursive: true });"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let environment = &cx.world.environment;
        let path = environment.path(&self.path);
        let found = match fs::symlink_metadata(&path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            other => other.map_err(Error::reading(&path))?,
        };
        if self.recursive && holds_everything(&path, environment) {
            return Err(Error::TooMuch(path).into());
        }
        let removed = match (found.is_dir(), self.recursive) {
            (false, _) => fs::remove_file(&path).await,
            (true, true) => fs::remove_dir_all(&path).await,
            (true, false) => fs::remove_dir(&path).await,
        };
        removed.map_err(Error::writing(&path))?;
        cx.steps().changed(format!("removed {}", path.display()));
        Ok(true)
    }
}

/// Whether it is the root, the home folder, the working folder, or one above these: always a slip, such as an empty variable in the path.
fn holds_everything(path: &Path, environment: &Environment) -> bool {
    let plain = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned()); // what cannot be resolved is compared as it is
    let path = plain(path);
    let precious = environment.home.iter().chain([&environment.directory]);
    path.parent().is_none() || precious.map(|folder| plain(folder)).any(|folder| folder.starts_with(&path))
}

//! `process::find`: where a program is.

use std::{
    env,
    path::{Path, PathBuf},
};

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Find a program in PATH. Returns its path, or `()` when it is not there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Its name.
    program: String,
}

impl Operation for Find {
    type Output = Option<PathBuf>;

    const NAME: &'static str = "process::find";
    const POSITIONAL: &'static [&'static str] = &["program"];
    const RETURNS: &'static str = "a string, or `()`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"if process::find("kubectl") == () { print("kubectl is not installed"); }"#;

    fn subject(&self) -> String {
        self.program.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let environment = &cx.world.environment;
        let folders = environment.variable("PATH").unwrap_or_default();
        let places = env::split_paths(folders).map(|folder| environment.directory.join(folder).join(&self.program));
        Ok(places.into_iter().find(|path| is_program(path)))
    }
}

/// A folder that cannot be looked into has no program for us.
fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    let runs = |found: &std::fs::Metadata| std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = |_: &std::fs::Metadata| true;
    path.metadata().is_ok_and(|found| found.is_file() && runs(&found))
}

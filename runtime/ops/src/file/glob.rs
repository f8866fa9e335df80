//! `file::glob`: the files that match a pattern.

use std::{io, path::Path};

use glob::Pattern;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use crate::{Cx, Operation};

/// List the files and folders that match a pattern. Returns a sorted list of paths, relative ones for a relative
/// pattern; an empty one when nothing matches.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Glob {
    /// The pattern: `*` and `?` within a name, `**` for any folders, `[a-z]` for one character.
    pattern: String,
}

impl Operation for Glob {
    type Output = Vec<String>;

    const NAME: &'static str = "file::glob";
    const POSITIONAL: &'static [&'static str] = &["pattern"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::pattern", "file::unreadable"];
    const EXAMPLE: &'static str = r#"for path in file::glob("*.yaml") { print(path); }"#;

    fn subject(&self) -> String {
        self.pattern.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let base = &cx.world.environment.directory;
        let relative = !Path::new(&self.pattern).is_absolute() && !self.pattern.starts_with("~/");
        let escaped = Path::new(&Pattern::escape(&base.to_string_lossy())).join(&self.pattern);
        let whole = if relative { escaped } else { cx.world.environment.path(&self.pattern) };
        let bad = |source| Error::Pattern { pattern: self.pattern.clone(), source };
        let mut paths = Vec::new();
        for found in glob::glob(&whole.to_string_lossy()).map_err(bad)? {
            let path = found.map_err(|error| Error::reading(error.path())(io::Error::from(error.error().kind())))?;
            let shown = if relative { path.strip_prefix(base).unwrap_or(&path) } else { &path }; // all lie in the base
            paths.push(shown.display().to_string());
        }
        paths.sort();
        Ok(paths)
    }
}

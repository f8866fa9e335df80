//! `file::append`: text at a file's end.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::{fs::OpenOptions, io::AsyncWriteExt};

use super::error::Error;
use crate::{Cx, Operation, file::content};

/// Append text to a file, which is made when it is not there, as are the folders above it. Returns nothing; a repeat
/// appends again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Append {
    /// The file.
    path: String,
    /// What to append; a line feed is not added.
    text: String,
}

impl Operation for Append {
    type Output = ();

    const NAME: &'static str = "file::append";
    const POSITIONAL: &'static [&'static str] = &["path", "text"];
    const RETURNS: &'static str = "nothing";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unwritable"];
    const EXAMPLE: &'static str = r#"let folder = file::temp_dir();
file::append(`${folder}/log.txt`, "one line\n");"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        content::make_parent(&path).await?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path).await.map_err(Error::writing(&path))?;
        file.write_all(self.text.as_bytes()).await.map_err(Error::writing(&path))?;
        file.flush().await.map_err(Error::writing(&path))?;
        cx.steps().changed(format!("appended to {}", path.display()));
        Ok(())
    }
}

//! `file::read`: a file as text.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, base64, file::content};

/// Read a file. Returns its text; with `base64`, whatever it is, encoded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The file; `~/` stands for the home folder.
    path: String,
    /// Return its bytes as base64.
    #[serde(default)]
    base64: bool,
}

impl Operation for Read {
    type Output = String;

    const NAME: &'static str = "file::read";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::not_found", "file::unreadable", "file::not_text"];
    const EXAMPLE: &'static str = r#"let folder = file::temp_dir();
file::write(`${folder}/a.txt`, "hello");
print(file::read(`${folder}/a.txt`));"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        if self.base64 {
            return Ok(base64::text(&content::read_bytes(&path).await?));
        }
        Ok(content::read_text(&path).await?)
    }
}

//! `file::write`: a file of this content.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::mode::Mode;
use crate::{Cx, Operation, base64, file::content};

/// Write a file, whole or not at all; folders above it are made. Returns whether the file is new or has another
/// content or mode than before; a repeat changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The file.
    path: String,
    /// Its text; with `base64`, its bytes encoded.
    content: String,
    /// Decode the content first.
    #[serde(default)]
    base64: bool,
    /// Who may do what with it, as three octal digits: `"600"`, `"755"`. By default a new file has `644`, an old one
    /// keeps its own.
    #[serde(default)]
    mode: Option<Mode>,
}

impl Operation for Write {
    type Output = bool;

    const NAME: &'static str = "file::write";
    const POSITIONAL: &'static [&'static str] = &["path", "content"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unwritable", "file::unreadable", "base64::invalid"];
    const EXAMPLE: &'static str = r#"file::write(`${file::temp_dir()}/key.pem`, "secret", #{ mode: "600" });"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let bytes = if self.base64 { base64::bytes(&self.content)? } else { self.content.into_bytes() };
        Ok(content::write(&path, &bytes, self.mode, cx.steps()).await?)
    }
}

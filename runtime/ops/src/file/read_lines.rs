//! `file::read_lines`: a file as lines.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, file::content};

/// Read the lines of a text file. Returns a list of strings without their line ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadLines {
    /// The file.
    path: String,
}

impl Operation for ReadLines {
    type Output = Vec<String>;

    const NAME: &'static str = "file::read_lines";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::not_found", "file::unreadable", "file::not_text"];
    const EXAMPLE: &'static str = r#"let folder = file::temp_dir();
file::write(`${folder}/a.txt`, "one\ntwo\n");
for line in file::read_lines(`${folder}/a.txt`) { print(line); }"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        Ok(content::read_text(&path).await?.lines().map(str::to_owned).collect())
    }
}

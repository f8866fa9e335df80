//! `json::read`: a JSON file.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, file::content};

/// Read a JSON file. Returns its value; what is no JSON is an error that shows the file and the line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The file.
    path: String,
}

impl Operation for Read {
    type Output = Value;

    const NAME: &'static str = "json::read";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "any value";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] =
        &["file::not_found", "file::unreadable", "file::not_text", "json::syntax"];
    const EXAMPLE: &'static str = "let folder = file::temp_dir();
json::write(`${folder}/a.json`, #{ a: 1 });
print(json::read(`${folder}/a.json`).a);";

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        super::value(&content::read_text(&path).await?, &path.display().to_string())
    }
}

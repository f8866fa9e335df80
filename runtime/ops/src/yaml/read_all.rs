//! `yaml::read_all`: all documents of a YAML file.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, file::content};

/// Read all documents of a YAML file. Returns a list of their values without empty ones; what is no YAML is an error
/// that shows the file and the line. Words are read as Kubernetes reads them: `yes` is true, `0644` is 420.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAll {
    /// The file.
    path: String,
}

impl Operation for ReadAll {
    type Output = Vec<Value>;

    const NAME: &'static str = "yaml::read_all";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a list of values";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] =
        &["file::not_found", "file::unreadable", "file::not_text", "yaml::syntax", "yaml::value", "yaml::limit"];
    const EXAMPLE: &'static str = "let folder = file::temp_dir();
yaml::write_all(`${folder}/a.yaml`, [#{ a: 1 }, #{ b: 2 }]);
print(yaml::read_all(`${folder}/a.yaml`).len());";

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let text = content::read_text(&path).await?;
        Ok(meshrun_yaml::parse_all(&text).map_err(|error| error.in_file(path.display()))?)
    }
}

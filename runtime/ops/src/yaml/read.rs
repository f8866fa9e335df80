//! `yaml::read`: the first document of a YAML file.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, file::content};

/// Read the first document of a YAML file. Returns its value, `()` for an empty file; what is no YAML is an error
/// that shows the file and the line. Words are read as Kubernetes reads them: `yes` is true, `0644` is 420.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The file.
    path: String,
}

impl Operation for Read {
    type Output = Value;

    const NAME: &'static str = "yaml::read";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "any value";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] =
        &["file::not_found", "file::unreadable", "file::not_text", "yaml::syntax", "yaml::value", "yaml::limit"];
    const EXAMPLE: &'static str = "let folder = file::temp_dir();
yaml::write(`${folder}/a.yaml`, #{ a: 1 });
print(yaml::read(`${folder}/a.yaml`).a);";

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let text = content::read_text(&path).await?;
        Ok(meshrun_yaml::parse(&text).map_err(|error| error.in_file(path.display()))?)
    }
}

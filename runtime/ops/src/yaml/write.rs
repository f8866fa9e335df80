//! `yaml::write`: a value into a YAML file.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, file::content};

/// Write a value into a YAML file, whole or not at all; folders above it are made. Returns whether the file is new or
/// has another content than before; a repeat changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The file.
    path: String,
    /// The value.
    value: Value,
}

impl Operation for Write {
    type Output = bool;

    const NAME: &'static str = "yaml::write";
    const POSITIONAL: &'static [&'static str] = &["path", "value"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unwritable", "file::unreadable"];
    const EXAMPLE: &'static str = "yaml::write(`${file::temp_dir()}/a.yaml`, #{ a: [1, 2] });";

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let text = meshrun_yaml::to_string(&self.value);
        Ok(content::write(&path, text.as_bytes(), None, cx.steps()).await?)
    }
}

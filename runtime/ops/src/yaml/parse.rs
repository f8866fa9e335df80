//! `yaml::parse`: YAML text to a value.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Parse the first document of a YAML text. Returns its value, `()` for an empty text; what is no YAML is an error
/// that shows the line. Words are read as Kubernetes reads them: `yes` is true, `0644` is 420.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parse {
    /// The text.
    text: String,
}

impl Operation for Parse {
    type Output = Value;

    const NAME: &'static str = "yaml::parse";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "any value";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["yaml::syntax", "yaml::value", "yaml::limit"];
    const EXAMPLE: &'static str = r#"let value = yaml::parse("a: [1, 2]");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_yaml::parse(&self.text)?)
    }
}

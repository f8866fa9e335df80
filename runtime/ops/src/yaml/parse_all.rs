//! `yaml::parse_all`: YAML text to the values of its documents.

use meshrun_host::Value;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Parse all documents of a YAML text. Returns a list of their values without empty ones; what is no YAML is an error
/// that shows the line. Words are read as Kubernetes reads them: `yes` is true, `0644` is 420.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParseAll {
    /// The text.
    text: String,
}

impl Operation for ParseAll {
    type Output = Vec<Value>;

    const NAME: &'static str = "yaml::parse_all";
    const POSITIONAL: &'static [&'static str] = &["text"];
    const RETURNS: &'static str = "a list of values";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["yaml::syntax", "yaml::value", "yaml::limit"];
    const EXAMPLE: &'static str = r#"let values = yaml::parse_all("a: 1\n---\nb: 2\n");"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        Ok(meshrun_yaml::parse_all(&self.text)?)
    }
}

//! `text::split`: the parts of a text.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Split a text at a separator. Returns a list of strings; a text without the separator is one part.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The text.
    text: String,
    /// What stands between the parts; not empty.
    separator: String,
    /// At most so many parts: the last one has the rest.
    #[serde(default)]
    limit: Option<usize>,
}

impl Operation for Split {
    type Output = Vec<String>;

    const NAME: &'static str = "text::split";
    const POSITIONAL: &'static [&'static str] = &["text", "separator"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["text::separator"];
    const EXAMPLE: &'static str = r#"let parts = text::split("a=b=c", "=", #{ limit: 2 }); // ["a", "b=c"]"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        if self.separator.is_empty() {
            return Err(Failure::new("text::separator", "expected a separator that is not empty"));
        }
        let parts = self.text.splitn(self.limit.unwrap_or(usize::MAX), &self.separator);
        Ok(parts.map(str::to_owned).collect())
    }
}

//! `log::warn`: a message of level `warn`.

use meshrun_host::{Class, Effect, Failure};
use meshrun_host::{Level, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Log something that the user should know although it goes on. Returns nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warn {
    /// The message: a string, or any data, which is shown as JSON.
    message: Value,
}

impl Operation for Warn {
    type Output = ();

    const NAME: &'static str = "log::warn";
    const POSITIONAL: &'static [&'static str] = &["message"];
    const RETURNS: &'static str = "nothing";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"log::warn("two clusters are ready");"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        super::tell(cx, Level::Warn, &self.message);
        Ok(())
    }
}

//! `log::debug`: a message of level `debug`.

use meshrun_host::{Class, Effect, Failure};
use meshrun_host::{Level, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Log a message for whoever looks for a fault; it is shown with `-v`. Returns nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Debug {
    /// The message: a string, or any data, which is shown as JSON.
    message: Value,
}

impl Operation for Debug {
    type Output = ();

    const NAME: &'static str = "log::debug";
    const POSITIONAL: &'static [&'static str] = &["message"];
    const RETURNS: &'static str = "nothing";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"log::debug("two clusters are ready");"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        super::tell(cx, Level::Debug, &self.message);
        Ok(())
    }
}

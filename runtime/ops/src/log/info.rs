//! `log::info`: a message of level `info`.

use meshrun_host::{Class, Effect, Failure};
use meshrun_host::{Level, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Log a message for everybody. Returns nothing. It goes to standard error; `print` goes to standard output.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// The message: a string, or any data, which is shown as JSON.
    message: Value,
}

impl Operation for Info {
    type Output = ();

    const NAME: &'static str = "log::info";
    const POSITIONAL: &'static [&'static str] = &["message"];
    const RETURNS: &'static str = "nothing";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"log::info("two clusters are ready");"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        super::tell(cx, Level::Info, &self.message);
        Ok(())
    }
}

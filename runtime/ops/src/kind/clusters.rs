//! `kind::clusters`: the names of all clusters.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation, failures};

/// List the kind clusters of the engine, whoever made them. Returns their names, sorted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clusters {}

impl Operation for Clusters {
    type Output = Vec<String>;

    const NAME: &'static str = "kind::clusters";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures::ENGINE;
    const EXAMPLE: &'static str = r#"for name in kind::clusters() { print(name); }"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_kind::clusters(&docker).await?)
    }
}

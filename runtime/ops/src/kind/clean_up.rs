//! `kind::clean_up`: remove what an unfinished creation has left.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Remove what a creation of a kind cluster has left that did not come to its end. A cluster that was complete once stays, and so does what the `kind`
/// command has made. Returns the names of the containers that were removed. Not needed before creating the cluster again, which does the same.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CleanUp {
    /// The cluster.
    name: Named,
}

impl Operation for CleanUp {
    type Output = Vec<String>;

    const NAME: &'static str = "kind::clean_up";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a list of strings";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures![&["docker::in_use"], failures::NODES, failures::ENGINE];
    const EXAMPLE: &'static str = r#"kind::clean_up("east");"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let removed = meshrun_kind::clean_up(&docker, &self.name).await?;
        if !removed.is_empty() {
            cx.steps().changed(format!("removed {}", removed.join(", ")));
        }
        Ok(removed)
    }
}

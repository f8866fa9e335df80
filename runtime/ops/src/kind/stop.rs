//! `kind::stop`: stop a cluster.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Stop the nodes of a kind cluster; what they hold stays, and `kind::start` brings them back. Returns whether any was running.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The cluster.
    name: Named,
}

impl Operation for Stop {
    type Output = bool;

    const NAME: &'static str = "kind::stop";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures![failures::NODES, failures::ENGINE];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
kind::stop("east");"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_kind::stop(&docker, &self.name, cx.steps()).await?)
    }
}

//! `kind::start`: start a stopped cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Start the nodes of a kind cluster and wait until they are ready. Returns whether any had to be started.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The cluster.
    name: Named,
    /// How long it may take until all nodes are ready.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

impl Operation for Start {
    type Output = bool;

    const NAME: &'static str = "kind::start";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures![
        &["kind::not_ready", "kind::boot", "docker::port_taken", "docker::container_ended", "docker::exec_failed"],
        failures::NODES,
        failures::ENGINE,
    ];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
kind::stop("east");
kind::start("east");"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_kind::start(&docker, &self.name, self.timeout, cx.steps()).await?)
    }
}

//! `docker::list`: containers.

use std::collections::BTreeMap;

use meshrun_docker::{Container, Filter, containers};
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// List the containers of the engine, stopped ones too, sorted by name. All conditions must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Labels it must have, with this value; an empty value accepts any.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The network it must be in.
    #[serde(default)]
    network: Option<String>,
    /// Only those that run.
    #[serde(default)]
    running: bool,
}

impl Operation for List {
    type Output = Vec<Container>;

    const NAME: &'static str = "docker::list";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str = "a list of maps like that of `docker::inspect`";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![];
    const EXAMPLE: &'static str = r#"let nodes = docker::list(#{ labels: #{ "io.x-k8s.kind.cluster": "cluster1" } });"#;

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let Self { labels, network, running } = self;
        Ok(containers::list(&docker, &Filter { labels, network, running }).await?)
    }
}

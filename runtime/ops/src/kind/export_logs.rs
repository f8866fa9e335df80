//! `kind::export_logs`: the logs of a cluster, as files.

use std::path::PathBuf;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// Write the logs of a kind cluster into a folder: for each node its `/var/log`, its journal, the logs of kubelet and containerd, and what the engine
/// knows of it. Returns the folder's path. Files that are there are replaced; what cannot be had is a warning.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportLogs {
    /// The cluster.
    name: Named,
    /// The folder, made if need be.
    folder: String,
}

impl Operation for ExportLogs {
    type Output = PathBuf;

    const NAME: &'static str = "kind::export_logs";
    const POSITIONAL: &'static [&'static str] = &["name", "folder"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Files];
    const FAILURES: &'static [&'static str] = failures![&["kind::file"], failures::NODES, failures::ENGINE];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
kind::export_logs("east", `${file::temp_dir()}/east`);"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let folder = cx.world.environment.path(&self.folder);
        Ok(meshrun_kind::export_logs(&docker, &self.name, &folder, cx.steps()).await?)
    }
}

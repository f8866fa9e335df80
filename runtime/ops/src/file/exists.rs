//! `file::exists`: whether there is a file or folder.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::fs;

use super::error::Error;
use crate::{Cx, Operation};

/// Tell whether there is a file or folder of this name. Returns a bool; a link that leads nowhere is none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exists {
    /// The file or folder.
    path: String,
}

impl Operation for Exists {
    type Output = bool;

    const NAME: &'static str = "file::exists";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a bool";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::unreadable"];
    const EXAMPLE: &'static str = r#"if !file::exists("~/.kube/config") { print("no kubeconfig"); }"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        Ok(fs::try_exists(&path).await.map_err(Error::reading(&path))?)
    }
}

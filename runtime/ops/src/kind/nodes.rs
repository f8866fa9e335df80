//! `kind::nodes`: the nodes of a cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kind::Node;
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use crate::{
    Cx, Operation,
    failures::{self, failures},
};

/// List the nodes of a kind cluster and its load balancer: control planes first, then workers. Addresses are those in the Docker network, and
/// missing while a node does not run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nodes {
    /// The cluster.
    name: Named,
}

impl Operation for Nodes {
    type Output = Vec<Node>;

    const NAME: &'static str = "kind::nodes";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a list of maps: name (of the container and of the Kubernetes node), role (`control-plane`, `worker` or `external-load-balancer`), state (`running`, `exited` and so on), ipv4, ipv6, image";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = failures![&["kind::no_cluster", "kind::no_api_server"], failures::ENGINE];
    const EXAMPLE: &'static str = r#"kind::create_cluster("east");
for node in kind::nodes("east") { print(`${node.name} ${node.ipv4}`); }"#;

    fn subject(&self) -> String {
        self.name.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        Ok(meshrun_kind::nodes(&docker, &self.name).await?)
    }
}

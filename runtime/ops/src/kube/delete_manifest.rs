//! `kube::delete_manifest`: delete what a manifest describes.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{DeleteOptions, Reference, delete_objects};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{cluster_failures, manifest::objects};
use crate::{Cluster, Cx, Operation};

/// Delete the objects of a manifest in the reverse order of `kube::apply`, and wait until they are gone. Returns those that were there; objects
/// that are not there, or whose kind the cluster does not know, need no deletion.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteManifest {
    /// The cluster.
    cluster: Cluster,
    /// A path (file or folder), an address, YAML in a string, an object, or a list of these.
    manifest: Value,
    /// The namespace of objects that name none; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Wait until they are gone.
    #[serde(default = "yes")]
    wait: bool,
    /// How long to wait.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn yes() -> bool {
    true
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

impl Operation for DeleteManifest {
    type Output = Vec<Reference>;

    const NAME: &'static str = "kube::delete_manifest";
    const POSITIONAL: &'static [&'static str] = &["cluster", "manifest"];
    const RETURNS: &'static str = "a list of maps, the objects that were there: kind, name, namespace";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::invalid",
        "kube::several",
        "kube::bad_manifest",
        "kube::no_manifest",
        "kube::fetch",
        "kube::wait"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
let settings = #{ apiVersion: "v1", kind: "ConfigMap", metadata: #{ name: "settings" } };
kube::apply(east, settings);
kube::delete_manifest(east, settings);"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let objects = objects(cx, Self::NAME, self.manifest).await?;
        let wait = self.wait.then_some(self.timeout);
        let options = DeleteOptions { wait, namespace: self.namespace, ..DeleteOptions::default() };
        Ok(delete_objects(&client, objects, &options, cx.steps()).await?)
    }
}

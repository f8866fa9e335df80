//! `kube::apply`: make objects be as a manifest says.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Applied, ApplyOptions, Validation, apply};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{cluster_failures, manifest::objects};
use crate::{Cluster, Cx, Operation};

/// Make objects be as a manifest says, by server-side apply. Returns what became of each; a repeat finds all unchanged. Namespaces
/// come first, then new kinds, which are waited for; webhooks that do not serve yet are waited for as well. A field that
/// another manager owns is a failure that names it, unless `force` is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// The cluster.
    cluster: Cluster,
    /// A path (file or folder), an address, YAML in a string, an object, or a list of these.
    manifest: Value,
    /// The namespace of objects that name none; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Apply only objects with these labels: `service=helloworld`.
    #[serde(default)]
    selector: Option<String>,
    /// Take over fields that another manager owns.
    #[serde(default)]
    force: bool,
    /// Let the server check everything and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// What to do about fields that the API does not know: `strict` refuses the object, `warn` and `ignore` leave them out.
    #[serde(default)]
    validation: Strictness,
    /// The name under which the fields are owned.
    #[serde(default = "field_manager")]
    field_manager: String,
    /// How long to wait for new kinds and for webhooks.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

/// What to do about fields that the API does not know.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Strictness {
    #[default]
    Strict,
    Warn,
    Ignore,
}

fn field_manager() -> String {
    "meshrun".to_owned()
}

fn timeout() -> Timeout {
    Timeout::minutes(2)
}

impl Operation for Apply {
    type Output = Vec<Applied>;

    const NAME: &'static str = "kube::apply";
    const POSITIONAL: &'static [&'static str] = &["cluster", "manifest"];
    const RETURNS: &'static str =
        "a list of maps: api_version, kind, namespace, name, action (`created`, `configured` or `unchanged`)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::conflict",
        "kube::invalid",
        "kube::no_kind",
        "kube::not_found",
        "kube::several",
        "kube::bad_manifest",
        "kube::no_manifest",
        "kube::bad_selector",
        "kube::fetch",
        "kube::wait"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::apply(east, #{ apiVersion: "v1", kind: "ConfigMap", metadata: #{ name: "settings" }, data: #{ mode: "fast" } });"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = match self.dry_run {
            true => cx.world.kube(&self.cluster).await?,
            false => cx.kube_to_change(&self.cluster).await?,
        };
        let objects = objects(cx, Self::NAME, self.manifest).await?;
        let options = ApplyOptions {
            field_manager: self.field_manager,
            force: self.force,
            namespace: self.namespace,
            selector: self.selector,
            dry_run: self.dry_run,
            validation: match self.validation {
                Strictness::Strict => Validation::Strict,
                Strictness::Warn => Validation::Warn,
                Strictness::Ignore => Validation::Ignore,
            },
            timeout: self.timeout,
            ..ApplyOptions::default()
        };
        Ok(apply(&client, objects, &options, cx.steps()).await?)
    }
}

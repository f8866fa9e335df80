//! `kube::patch`: change a part of an object.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{Patch, PatchOptions, patch};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{cluster_failures, selection::reference};
use crate::{Cluster, Cx, Operation};

/// Change a part of an object. Returns the object as it is then. A repeat changes nothing, unless the patch itself adds something each time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchObject {
    /// The cluster.
    cluster: Cluster,
    /// The object, as kind and name: `deploy/web`. Kinds are written as for kubectl, short names included.
    object: String,
    /// What to change: a map, or for the language `json` a list of operations.
    patch: Value,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// `merge` (RFC 7386): maps are merged, `()` removes, lists are replaced. `strategic`: as merge, but lists of Kubernetes' own kinds are
    /// merged by their keys. `json` (RFC 6902): a list of operations. `apply`: a server-side apply of these fields.
    #[serde(default)]
    language: Language,
    /// A part with an address of its own: `status`, `scale`.
    #[serde(default)]
    subresource: Option<String>,
    /// For `apply`: take over fields that another manager owns.
    #[serde(default)]
    force: bool,
    /// The name under which the fields are owned; `meshrun` when it is left out.
    #[serde(default)]
    field_manager: Option<String>,
    /// Let the server check it and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The language of a patch.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Language {
    #[default]
    Merge,
    Strategic,
    Json,
    Apply,
}

impl Operation for PatchObject {
    type Output = Value;

    const NAME: &'static str = "kube::patch";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object", "patch"];
    const RETURNS: &'static str = "a map, the object";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::no_kind",
        "kube::not_found",
        "kube::bad_reference",
        "kube::invalid",
        "kube::conflict"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
kube::create_config_map(east, "settings", #{ mode: "fast" });
kube::patch(east, "configmap/settings", #{ data: #{ mode: "slow" } });"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let change = match self.language {
            Language::Merge => Patch::Merge(self.patch),
            Language::Strategic => Patch::Strategic(self.patch),
            Language::Json => Patch::Json(self.patch),
            Language::Apply => Patch::Apply { fields: self.patch, force: self.force },
        };
        let Self { subresource, field_manager, dry_run, .. } = self;
        let options = PatchOptions { subresource, field_manager, dry_run };
        Ok(patch(&client, &reference(&self.object, self.namespace)?, &change, &options, cx.steps()).await?)
    }
}

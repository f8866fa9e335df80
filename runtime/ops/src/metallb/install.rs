//! `metallb::install`: load balancers for a cluster.

use meshrun_host::{Class, Effect, Failure};
use meshrun_release::{Sha256Digest, Variant};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cluster_failures;
use crate::{Cluster, Cx, Operation};

/// Install MetalLB in a cluster, and wait until it takes address pools: its pods are ready and its webhook answers. In a
/// cluster all of whose nodes are excluded from load balancing, as kubeadm excludes control planes, the exclusion is
/// lifted. Returns nothing; a repeat changes nothing. Give it addresses with `metallb::configure`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The cluster.
    cluster: Cluster,
    /// The version, found as `release::metallb` does.
    #[serde(default = "version")]
    version: String,
    /// `native`, or `frr` for BGP with FRR.
    #[serde(default)]
    variant: Variant,
    /// What the digest of that version's manifest must be.
    #[serde(default)]
    sha256: Option<Sha256Digest>,
    /// A file to take the manifest from, instead of a release.
    #[serde(default)]
    manifest: Option<String>,
    /// How long it may take, the download included.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

impl Operation for Install {
    type Output = ();

    const NAME: &'static str = "metallb::install";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "`()`";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube, Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::invalid",
        "kube::several",
        "metallb::not_metallb",
        "metallb::webhook_silent",
        "metallb::no_manifest",
        "kube::labelled",
        "kube::wait",
        "release::unavailable",
        "release::version",
        "release::digest",
        "release::incomplete",
        "release::too_large",
        "release::unreadable",
        "release::unwritable",
        "release::timeout",
        "release::url"
    ];
    const EXAMPLE: &'static str = r#"metallb::install("kind-cluster1", #{ timeout: "5m" });"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let start = tokio::time::Instant::now();
        let (text, name) = self.manifest(cx).await?;
        let left = Timeout(self.timeout.duration().saturating_sub(start.elapsed()));
        Ok(meshrun_metallb::install(&client, &text, &name, left, cx.steps()).await?)
    }
}

impl Install {
    /// The text of the manifest, and its name.
    async fn manifest(&self, cx: &Cx) -> Result<(String, String), Failure> {
        let Some(file) = &self.manifest else {
            let mut sources = crate::release::sources(&cx.world);
            sources.timeout = self.timeout;
            let found =
                meshrun_release::metallb(&sources, &self.version, self.variant, self.sha256, cx.steps()).await?;
            return Ok((found.text, format!("MetalLB {}", self.version)));
        };
        let path = cx.world.environment.path(file);
        let text = tokio::fs::read_to_string(&path).await.map_err(|error| {
            let message = format!("cannot read MetalLB's manifest `{}`: {error}", path.display());
            Failure::new("metallb::no_manifest", message)
        })?;
        Ok((text, file.clone()))
    }
}

fn version() -> String {
    "v0.13.10".to_owned()
}

fn timeout() -> Timeout {
    Timeout::minutes(5)
}

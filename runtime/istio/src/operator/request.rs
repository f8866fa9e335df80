//! What a manifest is made from.

use std::path::PathBuf;

use crate::operator::charts::Charts;

/// Everything that decides over a manifest; the same request gives the same manifest.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// IstioOperator files, name and text; later ones are laid over earlier ones.
    pub files: Vec<(String, String)>,
    /// `path=value`, written over the files in this order.
    pub set: Vec<String>,
    /// The control plane's revision; empty and `default` mean none.
    pub revision: Option<String>,
    /// Go on although values, mesh configuration or names are invalid; the mistakes become warnings.
    pub force: bool,
    /// Only these components, by name: `Base`, `Pilot`, `IngressGateways`, …; all when empty.
    pub components: Vec<String>,
    /// Only these template files of the charts, such as `templates/deployment.yaml`; all when empty.
    pub templates: Vec<String>,
    /// What the cluster is like; without it, Kubernetes 1.25 with third-party tokens is assumed.
    pub cluster: Option<Cluster>,
    /// Hub and tag to put in place of the profile's; by default the release's, when its folder tells the version.
    pub stamp: Option<Stamp>,
}

/// What the charts need to know of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The server's version, such as `v1.29.2-gke.100`.
    pub version: String,
    /// Whether it issues tokens for an audience (`serviceaccounts/token`); otherwise `first-party-jwt` is used.
    pub third_party_tokens: bool,
}

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub hub: String,
    pub tag: String,
}

impl Request {
    /// The folder of charts that files or flags ask for in place of the one at hand (`installPackagePath`).
    ///
    /// # Errors
    /// When the files or flags cannot be read.
    pub fn install_package_path(&self) -> Result<Option<PathBuf>, crate::Error> {
        super::merge::install_package_path(self)
    }

    /// Like [`super::generate`], with these charts.
    ///
    /// # Errors
    /// See [`super::generate`].
    pub fn generate(&self, charts: &Charts) -> Result<super::Manifest, crate::Error> {
        super::generate(self, charts)
    }
}

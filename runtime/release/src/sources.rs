//! Where releases come from.

use std::path::PathBuf;

use meshrun_terms::Timeout;

/// Where releases come from, in the order in which they are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// A folder of unpacked releases, `istio-1.20.1/` and `metallb-v0.13.10/`, taken as they are. A release that is not in it
    /// is looked for further on.
    pub release_dir: Option<PathBuf>,
    /// The folder that downloads are kept in; the releases lie in its `releases/`.
    pub cache_dir: PathBuf,
    /// Where Istio's archives are: `<istio_url>/1.20.1/istio-1.20.1-linux-amd64.tar.gz`, with `.sha256` beside it.
    pub istio_url: String,
    /// Where MetalLB's manifests are: `<metallb_url>/v0.13.10/config/manifests/metallb-native.yaml`.
    pub metallb_url: String,
    /// How long one download may take, waiting for another process that does the same included.
    pub timeout: Timeout,
}

impl Sources {
    /// The projects' own addresses, with this folder for downloads.
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            release_dir: None,
            cache_dir: cache_dir.into(),
            istio_url: "https://github.com/istio/istio/releases/download".to_owned(),
            metallb_url: "https://raw.githubusercontent.com/metallb/metallb".to_owned(),
            timeout: Timeout::minutes(10),
        }
    }

    /// The cached releases.
    pub(crate) fn releases(&self) -> PathBuf {
        self.cache_dir.join("releases")
    }
}

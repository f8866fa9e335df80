//! `istio::install`: a control plane, and what else an IstioOperator names.

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_istio::install::{Installed, Options, install};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    configuration::{Configuration, version, whole_operator},
    install_failures,
};
use crate::{Cluster, Cx, Operation};

/// Install Istio in a cluster as `istioctl install` does, and wait until it is ready: base, then istiod, then gateways. What an earlier
/// install of the same operator had and this one has not is removed. Returns what is installed; a repeat changes nothing. When
/// something is not ready in time, the failure names the pods, their images, the reasons and the last events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The cluster.
    cluster: Cluster,
    /// IstioOperator files, by path; later ones are laid over earlier ones.
    #[serde(default)]
    files: Vec<String>,
    /// An IstioOperator as a map, or only its `spec`, laid over the files: `#{ profile: "minimal" }`.
    #[serde(default)]
    operator: Option<Value>,
    /// IstioOperators as maps or YAML texts, laid over the files and over `operator`.
    #[serde(default)]
    operators: Vec<Value>,
    /// `path=value`, written over files and operators: `profile=demo`, `values.global.network=network1`.
    #[serde(default)]
    set: Vec<String>,
    /// The control plane's revision; none and `default` mean the one without a name.
    #[serde(default)]
    revision: Option<String>,
    /// Go on although values, mesh configuration or names are invalid, or two injectors would take the same pods.
    #[serde(default)]
    force: bool,
    /// Install only these components: `Base`, `Pilot`, `Cni`, `IstiodRemote`, `Ztunnel`, `IngressGateways`, `EgressGateways`.
    #[serde(default)]
    components: Vec<String>,
    /// The version of Istio.
    #[serde(default = "version")]
    version: String,
    /// A folder with an unpacked release or its `manifests`, in place of the release of that version.
    #[serde(default)]
    release: Option<String>,
    /// Whether to wait until everything is ready.
    #[serde(default = "yes")]
    wait: bool,
    /// How long it may take once the release is at hand, for which it may take as long again.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn timeout() -> Timeout {
    Timeout::minutes(10)
}

impl Operation for Install {
    type Output = Installed;

    const NAME: &'static str = "istio::install";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = "a map: version, revision (`default` without one), namespace, components (a list of names), warnings (a list), changed (whether the cluster was changed)";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube, Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = install_failures![];
    const EXAMPLE: &'static str = r#"let installed = istio::install("kind-cluster1", #{
    operator: #{ profile: "minimal" },
    set: ["values.global.network=network1"],
    timeout: "5m",
});
print(installed.revision);"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let operators = self.operator.into_iter().chain(self.operators).map(whole_operator).collect();
        let configuration = Configuration {
            files: self.files,
            operators,
            set: self.set,
            revision: self.revision,
            force: self.force,
            components: self.components,
            version: self.version,
            release: self.release,
        };
        let (request, charts) = configuration.load(cx, self.timeout).await?;
        let options = Options { version: configuration.version, timeout: self.timeout, wait: self.wait };
        Ok(install(&client, &charts, &request, &options, cx.steps()).await?)
    }
}

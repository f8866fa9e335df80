//! `istio::render_manifest`: an IstioOperator to Kubernetes objects.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_istio::operator::{Cluster, Manifest, generate};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    configuration::{Configuration, version},
    render_failures,
};
use crate::{Cx, Operation};

/// Render the Kubernetes objects of an Istio installation, as `istioctl manifest generate` prints them. Returns the manifest in
/// the form asked for, the IstioOperator that counts (profile, files and flags merged) and warnings. Asks no cluster; needs a
/// release of Istio, which is fetched when there is none at hand.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderManifest {
    /// IstioOperator files, by path; later ones are laid over earlier ones.
    #[serde(default)]
    files: Vec<String>,
    /// IstioOperators as maps or YAML texts, laid over the files.
    #[serde(default)]
    operators: Vec<Value>,
    /// `path=value`, written over files and operators: `profile=demo`, `values.global.network=network1`.
    #[serde(default)]
    set: Vec<String>,
    /// The control plane's revision; none and `default` mean the one without a name.
    #[serde(default)]
    revision: Option<String>,
    /// Go on although values, mesh configuration or names are invalid; the mistakes come back as warnings.
    #[serde(default)]
    force: bool,
    /// Render only these components: `Base`, `Pilot`, `Cni`, `IstiodRemote`, `Ztunnel`, `IngressGateways`, `EgressGateways`.
    #[serde(default)]
    components: Vec<String>,
    /// Render only these template files of the charts, such as `templates/deployment.yaml`.
    #[serde(default)]
    templates: Vec<String>,
    /// The version of Istio.
    #[serde(default = "version")]
    version: String,
    /// A folder with an unpacked release or its `manifests`, in place of the release of that version.
    #[serde(default)]
    release: Option<String>,
    /// The Kubernetes version that charts see, such as `v1.29.2`; by default 1.25.0.
    #[serde(default)]
    kubernetes: Option<String>,
    /// Whether the cluster issues tokens for an audience; counts with `kubernetes` only. Every cluster since 1.20 does.
    #[serde(default = "yes")]
    third_party_tokens: bool,
    /// In which form the manifest comes back.
    #[serde(default)]
    form: Form,
    /// How long fetching the release may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn yes() -> bool {
    true
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

/// The form of a manifest.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// One YAML text: `text`.
    #[default]
    Text,
    /// Kubernetes objects, in the order in which they are applied: `objects`.
    Objects,
    /// One YAML text for each component, by path: `files`.
    Files,
}

/// A rendered manifest.
#[derive(Debug, Serialize)]
pub struct Rendered {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<BTreeMap<String, String>>,
    operator: Value,
    warnings: Vec<String>,
}

impl Operation for RenderManifest {
    type Output = Rendered;

    const NAME: &'static str = "istio::render_manifest";
    const POSITIONAL: &'static [&'static str] = &[];
    const RETURNS: &'static str =
        "a map: `text`, `objects` or `files`, as asked for; `operator`, a map; `warnings`, an array of strings";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Files, Class::Net];
    const FAILURES: &'static [&'static str] = render_failures![];
    const EXAMPLE: &'static str = r#"let manifest = istio::render_manifest(#{
    operators: [#{ apiVersion: "install.istio.io/v1alpha1", kind: "IstioOperator", spec: #{ profile: "minimal" } }],
    set: ["values.global.network=network1"],
    form: "objects",
});
print(`${manifest.objects.len()} objects`);"#;

    fn subject(&self) -> String {
        self.files.join(", ")
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let form = self.form;
        let configuration = Configuration {
            files: self.files,
            operators: self.operators,
            set: self.set,
            revision: self.revision,
            force: self.force,
            components: self.components,
            version: self.version,
            release: self.release,
        };
        let (mut request, charts) = configuration.load(cx, self.timeout).await?;
        request.templates = self.templates;
        let third_party_tokens = self.third_party_tokens;
        request.cluster = self.kubernetes.map(|version| Cluster { version, third_party_tokens });
        let rendering = tokio::task::spawn_blocking(move || generate(&request, &charts));
        let manifest = rendering.await.map_err(|error| Failure::bug(format!("rendering ended early: {error}")))??;
        for warning in &manifest.warnings {
            cx.steps().warning(warning.clone());
        }
        Ok(Rendered::of(manifest, form))
    }
}

impl Rendered {
    fn of(manifest: Manifest, form: Form) -> Self {
        let (mut text, mut objects, mut files) = (None, None, None);
        match form {
            Form::Text => text = Some(manifest.to_text()),
            Form::Objects => objects = Some(manifest.objects().into_iter().cloned().collect()),
            Form::Files => files = Some(manifest.to_files().into_iter().collect()),
        }
        Self { text, objects, files, operator: manifest.operator, warnings: manifest.warnings }
    }
}

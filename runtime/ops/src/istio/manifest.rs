//! `istio::render_manifest`: an IstioOperator to Kubernetes objects.

use std::{collections::BTreeMap, path::PathBuf};

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_istio::operator::{Charts, Cluster, Manifest, Request, generate};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Operation, release::sources};

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

fn version() -> String {
    "1.20.1".to_owned()
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
    const FAILURES: &'static [&'static str] = &[
        "istio::unreadable",
        "istio::no_charts",
        "istio::broken_chart",
        "istio::render",
        "istio::rendered_yaml",
        "istio::rendered_object",
        "istio::operator_yaml",
        "istio::no_operator",
        "istio::several_operators",
        "istio::merge",
        "istio::invalid_operator",
        "istio::unusable_operator",
        "istio::set_syntax",
        "istio::set_number",
        "istio::set_path",
        "istio::no_profile",
        "istio::no_component",
        "istio::no_gateway",
        "istio::k8s_setting",
        "istio::overlay",
        "istio::cert_provider",
        "release::unavailable",
        "release::version",
        "release::digest",
        "release::incomplete",
        "release::archive",
        "release::too_large",
        "release::unreadable",
        "release::unwritable",
        "release::timeout",
        "release::url",
    ];
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
        let request = self.request(cx).await?;
        let folder = match (request.install_package_path()?, &self.release) {
            (Some(path), _) => cx.world.environment.path(&path.to_string_lossy()),
            (None, Some(path)) => cx.world.environment.path(path),
            (None, None) => self.fetched(cx).await?,
        };
        let rendering = tokio::task::spawn_blocking(move || render(&request, folder));
        let manifest = rendering.await.map_err(|error| Failure::bug(format!("rendering ended early: {error}")))??;
        for warning in &manifest.warnings {
            cx.steps().warning(warning.clone());
        }
        Ok(Rendered::of(manifest, form))
    }
}

fn render(request: &Request, folder: PathBuf) -> Result<Manifest, meshrun_istio::Error> {
    generate(request, &Charts::load(folder)?)
}

impl RenderManifest {
    /// The folder of the release.
    async fn fetched(&self, cx: &Cx) -> Result<PathBuf, Failure> {
        let mut sources = sources(&cx.world);
        sources.timeout = self.timeout;
        Ok(meshrun_release::istio(&sources, &self.version, cx.steps()).await?)
    }

    async fn request(&self, cx: &Cx) -> Result<Request, Failure> {
        let mut files = Vec::new();
        for name in &self.files {
            let path = cx.world.environment.path(name.trim());
            let text = tokio::fs::read_to_string(&path)
                .await
                .map_err(|source| meshrun_istio::Error::Unreadable { path, source })?;
            files.push((name.clone(), text));
        }
        let given = self.operators.iter().enumerate().map(|(at, operator)| {
            let text = operator.as_str().map_or_else(|| meshrun_yaml::to_string(operator), str::to_owned);
            (format!("operators[{at}]"), text)
        });
        files.extend(given);
        let (version, third_party_tokens) = (self.kubernetes.clone(), self.third_party_tokens);
        Ok(Request {
            files,
            set: self.set.clone(),
            revision: self.revision.clone(),
            force: self.force,
            components: self.components.clone(),
            templates: self.templates.clone(),
            cluster: version.map(|version| Cluster { version, third_party_tokens }),
            stamp: None,
        })
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

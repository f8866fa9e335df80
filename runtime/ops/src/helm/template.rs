//! `helm::template`: the objects of a chart.

use std::path::PathBuf;

use meshrun_helm::{Chart, Error, TemplateOptions, UserValues};
use meshrun_host::{Class, Effect, Failure, Value};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::{CHART, load};
use crate::{Cx, Operation, World, failures::failures};

/// Render a chart as `helm template` does. Returns one YAML text, or the Kubernetes objects in it. Values are laid over one another in this order: those
/// of the chart, `values_files`, `values`, `set_json`, `set`, `set_string`, `set_file`, `set_literal`. Asks no cluster: `lookup` finds nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The name of the release.
    release: String,
    /// The chart: a folder, or an archive.
    chart: String,
    /// The namespace of the release.
    #[serde(default = "namespace")]
    namespace: String,
    /// Values, as a map.
    #[serde(default)]
    values: Map<String, Value>,
    /// Files of values, by path; later ones are laid over earlier ones.
    #[serde(default)]
    values_files: Vec<String>,
    /// `path=json`.
    #[serde(default)]
    set_json: Vec<String>,
    /// `path=value`, several with commas; the value's type is guessed.
    #[serde(default)]
    set: Vec<String>,
    /// `path=value`; the value is a text.
    #[serde(default)]
    set_string: Vec<String>,
    /// `path=file`; the value is the file's text.
    #[serde(default)]
    set_file: Vec<String>,
    /// `path=value`; the value is a text, whatever characters it has.
    #[serde(default)]
    set_literal: Vec<String>,
    /// Print only these templates: `templates/service.yaml`.
    #[serde(default)]
    show_only: Vec<String>,
    /// Print the objects of `crds/` too.
    #[serde(default)]
    include_crds: bool,
    /// Leave out tests.
    #[serde(default)]
    skip_tests: bool,
    /// Leave out all hooks.
    #[serde(default)]
    no_hooks: bool,
    /// The version of Kubernetes that the chart sees: `v1.27.3`; Helm's own when it is left out.
    #[serde(default)]
    kube_version: Option<String>,
    /// API versions that the chart sees beside the usual.
    #[serde(default)]
    api_versions: Vec<String>,
    /// Set `.Release.IsUpgrade` in place of `.Release.IsInstall`.
    #[serde(default)]
    is_upgrade: bool,
    /// A template for the name of the release, in place of the name.
    #[serde(default)]
    name_template: Option<String>,
    /// In which form the manifest comes back.
    #[serde(default)]
    form: Form,
}

/// The form of a manifest.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Form {
    /// One YAML text.
    #[default]
    Text,
    /// A list of Kubernetes objects.
    Objects,
}

fn namespace() -> String {
    "default".to_owned()
}

impl Operation for Template {
    type Output = Value;

    const NAME: &'static str = "helm::template";
    const POSITIONAL: &'static [&'static str] = &["release", "chart"];
    const RETURNS: &'static str = "a string, or with `form: \"objects\"` a list of maps";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = failures![
        CHART,
        &[
            "helm::set",
            "helm::values",
            "helm::schema",
            "helm::template",
            "helm::manifest",
            "helm::show_only",
            "helm::kube_version",
            "helm::name",
        ],
    ];
    const EXAMPLE: &'static str = r#"let chart = `${release::istio()}/manifests/charts/istio-control/istio-discovery`;
let objects = helm::template("istiod", chart, #{ namespace: "istio-system", set: ["pilot.replicaCount=2"], form: "objects" });
print(`${objects.len()} objects`);"#;

    fn subject(&self) -> String {
        self.chart.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let chart = load(cx, &self.chart).await?;
        let world = std::sync::Arc::clone(&cx.world);
        let rendering = tokio::task::spawn_blocking(move || self.render(&chart, &world));
        rendering.await.map_err(|error| Failure::bug(format!("rendering ended early: {error}")))?
    }
}

impl Template {
    fn render(self, chart: &Chart, world: &World) -> Result<Value, Failure> {
        let form = self.form;
        let values = self.user_values(world)?;
        let options = TemplateOptions {
            name: self.release,
            name_template: self.name_template,
            namespace: self.namespace,
            kube_version: self.kube_version,
            api_versions: self.api_versions,
            include_crds: self.include_crds,
            is_upgrade: self.is_upgrade,
            no_hooks: self.no_hooks,
            skip_tests: self.skip_tests,
            show_only: self.show_only,
            lookup: None,
        };
        let text = meshrun_helm::template(chart, &values.into_json(), &options)?;
        match form {
            Form::Text => Ok(Value::String(text)),
            Form::Objects => objects(&text),
        }
    }

    fn user_values(&self, world: &World) -> Result<UserValues, Failure> {
        let mut values = UserValues::new();
        for name in &self.values_files {
            values.merge_yaml(name, &read(world.environment.path(name))?)?;
        }
        values.merge(self.values.clone());
        let text = |name: &str| read(world.environment.path(name)).map_err(|error| error.to_string());
        self.set_json.iter().try_for_each(|expression| values.set_json(expression))?;
        self.set.iter().try_for_each(|expression| values.set(expression))?;
        self.set_string.iter().try_for_each(|expression| values.set_string(expression))?;
        self.set_file.iter().try_for_each(|expression| values.set_file(expression, &text))?;
        self.set_literal.iter().try_for_each(|expression| values.set_literal(expression))?;
        Ok(values)
    }
}

fn read(path: PathBuf) -> Result<String, Error> {
    std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })
}

/// The documents of a manifest that say something.
fn objects(text: &str) -> Result<Value, Failure> {
    let parsed = meshrun_yaml::parse_all(text);
    let parsed = parsed.map_err(|source| Error::Manifest { file: "the manifest".to_owned(), source })?;
    Ok(parsed.into_iter().filter(|object| !object.is_null()).collect())
}

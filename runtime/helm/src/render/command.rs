//! What `helm template` prints.

use std::{fmt, sync::Arc};

use serde_json::Value as Json;

use super::{Capabilities, Lookup, Options, Release, hooks, on_deep_stack, release::kube_version, render};
use crate::{
    Chart, Error,
    chart::matches,
    functions::Host,
    semver::is_compatible,
    template::{
        exec::{Engine, Limits},
        parser,
        set::Set,
        value::Value,
    },
};

/// The options of `helm template`.
#[derive(Clone)]
pub struct TemplateOptions {
    /// The release's name.
    pub name: String,
    /// A template for the release's name, used instead of it.
    pub name_template: Option<String>,
    /// The release's namespace.
    pub namespace: String,
    /// The Kubernetes version; Helm's own without one.
    pub kube_version: Option<String>,
    /// API versions beside those that Helm knows.
    pub api_versions: Vec<String>,
    /// Whether the files in crds/ are printed too.
    pub include_crds: bool,
    /// Whether `.Release.IsUpgrade` is set instead of `.Release.IsInstall`.
    pub is_upgrade: bool,
    /// Whether hooks are left out.
    pub no_hooks: bool,
    /// Whether hooks that are tests are left out.
    pub skip_tests: bool,
    /// Paths or patterns of templates (`templates/*.yaml`); only those are printed.
    pub show_only: Vec<String>,
    /// What answers `lookup`; `helm template` has nothing that does.
    pub lookup: Option<Arc<Lookup>>,
}

impl Default for TemplateOptions {
    fn default() -> Self {
        Self {
            name: "release-name".into(),
            name_template: None,
            namespace: "default".into(),
            kube_version: None,
            api_versions: Vec::new(),
            include_crds: false,
            is_upgrade: false,
            no_hooks: false,
            skip_tests: false,
            show_only: Vec::new(),
            lookup: None,
        }
    }
}

impl fmt::Debug for TemplateOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, namespace, kube_version, show_only, .. } = self;
        let options = (name, namespace, kube_version, show_only);
        out.debug_tuple("TemplateOptions").field(&options).finish()
    }
}

/// Render a chart and give what `helm template` prints, byte for byte. Integers in `values` stay integers, as those of
/// `--set` do; [`UserValues`](crate::UserValues) makes floats of what comes from files.
///
/// # Errors
/// When the values do not fit, a template fails, or what it makes is no YAML.
pub fn template(chart: &Chart, values: &Json, options: &TemplateOptions) -> Result<String, Error> {
    installable(chart)?;
    let name = match &options.name_template {
        Some(template) => on_deep_stack(|| name_from(template))?,
        None => options.name.clone(),
    };
    check_name(&name)?;
    let render_options = render_options(name, options)?;
    let rendered = render(chart, values, &render_options)?;
    check_kube_version(chart, &render_options.capabilities)?;
    let sorted = hooks::sort(&rendered.files)?;
    let mut manifests = String::new();
    if options.include_crds {
        for (path, text) in enabled_crds(chart, values)? {
            manifests.push_str(&document(&path, &text));
        }
    }
    for manifest in &sorted.manifests {
        manifests.push_str(&document(&manifest.path, &manifest.text));
    }
    let mut out = format!("{}\n", manifests.trim());
    if !options.no_hooks {
        for hook in sorted.hooks.iter().filter(|hook| !(options.skip_tests && hook.is_test)) {
            out.push_str(&document(&hook.path, &hook.text));
        }
    }
    if options.show_only.is_empty() {
        return Ok(out);
    }
    only(&out, &options.show_only)
}

fn document(path: &str, text: &str) -> String {
    format!("---\n# Source: {path}\n{text}\n")
}

fn installable(chart: &Chart) -> Result<(), Error> {
    let refuse = |message: String| Err(Error::Chart { message });
    if !matches!(chart.metadata.kind.as_str(), "" | "application") {
        return refuse(format!("{} charts are not installable", chart.metadata.kind));
    }
    let there = |name: &str| chart.dependencies.iter().any(|inside| inside.metadata.name == name);
    let wanted = chart.metadata.dependencies.iter().flatten();
    let missing: Vec<&str> = wanted.map(|dependency| dependency.name.as_str()).filter(|name| !there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    refuse(format!(
        "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing \
         dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
        missing.join(", ")
    ))
}

fn name_from(template: &str) -> Result<String, Error> {
    let name: Arc<str> = "name-template".into();
    let failed = |message: String| Error::Name { message };
    let parsed = parser::parse(&name, &template.into()).map_err(failed)?;
    let mut set = Set::default();
    set.add(&name, &parsed);
    let (host, limits) = (Host::new(&[], None), Limits::default());
    let bytes = Engine::new(&set, &host, &limits).execute(&name, Value::Nil).map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn check_name(name: &str) -> Result<(), Error> {
    let refuse = |reason: &str| {
        Err(Error::Name { message: format!("release name {}: {reason}", crate::text::quote(name.as_bytes())) })
    };
    if name.is_empty() {
        return refuse("no name provided");
    }
    let is_edge = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let is_label = |label: &str| {
        label.starts_with(is_edge)
            && label.ends_with(is_edge)
            && label.chars().all(|character| is_edge(character) || character == '-')
    };
    if name.len() > 53 || !name.split('.').all(is_label) {
        return refuse(
            "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and \
             the length must not be longer than 53",
        );
    }
    Ok(())
}

fn render_options(name: String, options: &TemplateOptions) -> Result<Options, Error> {
    let mut capabilities = Capabilities::default();
    if let Some(version) = options.kube_version.as_deref().filter(|version| !version.is_empty()) {
        capabilities.kube_version = format!("v{}", kube_version(version)?);
    }
    capabilities.api_versions.extend(options.api_versions.iter().cloned());
    let release = Release {
        name,
        namespace: options.namespace.clone(),
        is_install: !options.is_upgrade,
        is_upgrade: options.is_upgrade,
        ..Release::default()
    };
    Ok(Options { release, capabilities, lookup: options.lookup.clone(), keep: None, keep_integers: true })
}

fn check_kube_version(chart: &Chart, capabilities: &Capabilities) -> Result<(), Error> {
    let wanted = &chart.metadata.kube_version;
    if wanted.is_empty() || is_compatible(wanted, &capabilities.kube_version) {
        return Ok(());
    }
    Err(Error::KubeVersion { wanted: wanted.clone(), found: capabilities.kube_version.clone() })
}

/// The files in crds/ of the charts that are enabled.
fn enabled_crds(chart: &Chart, values: &Json) -> Result<Vec<(String, String)>, Error> {
    let nothing = serde_json::Map::new();
    let given = values.as_object().unwrap_or(&nothing);
    Ok(crate::values::process(chart, given, &mut Vec::new())?.crds())
}

/// Of what would be printed only the documents of these templates.
fn only(all: &str, wanted: &[String]) -> Result<String, Error> {
    let documents = hooks::split(all);
    let mut out = String::new();
    for pattern in wanted {
        let hits: Vec<&String> =
            documents.iter().filter(|document| source(document).is_some_and(|path| matches(pattern, path))).collect();
        if hits.is_empty() {
            return Err(Error::ShowOnly { name: pattern.clone() });
        }
        for document in hits {
            out.push_str(&format!("---\n{document}\n"));
        }
    }
    Ok(out)
}

/// The path in the chart that a document names as its source.
fn source(document: &str) -> Option<&str> {
    let mut rest = document;
    loop {
        let (_, after) = rest.split_once("# Source: ")?;
        let line = after.lines().next().unwrap_or_default();
        match line.split_once('/') {
            Some((chart, path)) if !chart.is_empty() && !path.is_empty() => return Some(path),
            _ => rest = after,
        }
    }
}

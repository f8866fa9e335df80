//! Single templates of a chart, for what istioctl makes beside a manifest: default webhooks, the reader's account and rights.

use std::sync::Arc;

use meshrun_helm::{Capabilities, Chart, Options, Release};
use serde_json::Value;

use crate::{
    Error,
    operator::{charts::Charts, component::Kind, render::objects_of},
};

/// Some templates of a chart, by themselves.
#[derive(Debug, Clone, Copy)]
pub struct Template<'t> {
    /// The chart's folder below `charts`.
    pub chart: &'t str,
    /// What the names of the templates end with: `templates/revision-tags.yaml`. Other files of the chart are not even read.
    pub endings: &'t [&'t str],
    /// The namespace of the release.
    pub namespace: &'t str,
    /// The component that it counts to, in errors.
    pub component: Kind,
}

/// Render these templates with these values.
///
/// # Errors
/// When there is no such chart or it does not render.
pub fn render_template(charts: &Charts, template: Template<'_>, values: &Value) -> Result<Vec<Value>, Error> {
    let name = template.chart;
    let broken = |source| Error::Chart { chart: name.to_owned(), source: Box::new(source) };
    let chart = Chart::load(&charts.folder(name)).map_err(broken)?;
    let endings: Vec<String> = template.endings.iter().map(|&ending| ending.to_owned()).collect();
    let options = Options {
        release: Release {
            name: "istio".to_owned(),
            namespace: template.namespace.to_owned(),
            revision: 0,
            is_install: false,
            ..Release::default()
        },
        capabilities: Capabilities { kube_version: "v1.25.0".to_owned(), ..Capabilities::default() },
        keep: Some(Arc::new(move |path| endings.iter().any(|ending| path.ends_with(ending.as_str())))),
        ..Options::default()
    };
    let rendered = meshrun_helm::render(&chart, values, &options).map_err(|source| Error::Render {
        component: template.component.name().to_owned(),
        chart: name.to_owned(),
        source: Box::new(source),
    })?;
    let mut objects = Vec::new();
    for (file, text) in &rendered.files {
        objects.extend(objects_of(text.trim(), file, template.component)?);
    }
    Ok(objects)
}

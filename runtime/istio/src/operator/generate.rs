//! From a request to a manifest.

use std::thread;

use serde_json::Value;

use crate::{
    Error,
    operator::{
        charts::Charts,
        component::{Kind, Part, parts},
        manifest::{Component, Manifest},
        merge::merge,
        overlay::apply_overlays,
        render::Rendering,
        request::Request,
        settings::apply_settings,
        translate::CommonValues,
    },
};

/// Render an installation: the objects that `istioctl manifest generate` 1.20 prints for the same input. Nothing is read but the
/// profile, when it is named by its path; charts come from `charts` (see [`Request::install_package_path`]).
///
/// # Errors
/// When files or flags are not well formed, the configuration is invalid, a chart does not render, or a setting or overlay meets
/// nothing.
pub fn generate(request: &Request, charts: &Charts) -> Result<Manifest, Error> {
    let merged = merge(request, charts)?;
    let spec = merged.spec();
    let parts = chosen(parts(spec), &request.components)?;
    let common = CommonValues::of(spec);
    let rendering = Rendering { charts, templates: &request.templates, cluster: request.cluster.as_ref() };
    let components = side_by_side(&parts, |part| component(part, spec, &common, &rendering))?;
    Ok(Manifest { components, operator: merged.operator, warnings: merged.warnings })
}

/// The components that were asked for.
fn chosen<'s>(parts: Vec<Part<'s>>, wanted: &[String]) -> Result<Vec<Part<'s>>, Error> {
    if wanted.is_empty() {
        return Ok(parts);
    }
    for name in wanted {
        if !parts.iter().any(|part| part.kind.name() == name) {
            let known = Kind::ALL.into_iter().map(Kind::name).collect();
            return Err(Error::NoComponent { name: name.clone(), known });
        }
    }
    Ok(parts.into_iter().filter(|part| wanted.iter().any(|name| part.kind.name() == name)).collect())
}

fn component(
    part: &Part<'_>,
    spec: &Value,
    common: &CommonValues,
    rendering: &Rendering<'_>,
) -> Result<Component, Error> {
    let mut objects = Vec::new();
    if part.enabled() {
        objects = rendering.objects(part, &common.for_part(part))?;
        apply_settings(&mut objects, part, spec)?;
        apply_overlays(&mut objects, part)?;
    }
    Ok(Component {
        kind: part.kind,
        name: part.name().to_owned(),
        namespace: part.namespace.to_owned(),
        enabled: part.enabled(),
        objects,
    })
}

/// Render components at the same time; the first error in their order counts.
fn side_by_side<'s>(
    parts: &[Part<'s>],
    render: impl Fn(&Part<'s>) -> Result<Component, Error> + Sync,
) -> Result<Vec<Component>, Error> {
    let render = &render;
    thread::scope(|scope| {
        let running: Vec<_> = parts
            .iter()
            .map(|part| if part.enabled() { Ok(scope.spawn(move || render(part))) } else { Err(part) })
            .collect();
        let results = running.into_iter().map(|running| match running {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(disabled) => render(disabled),
        });
        results.collect()
    })
}

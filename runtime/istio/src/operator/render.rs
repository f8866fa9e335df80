//! Rendering one component's chart to objects.

use std::{
    panic::resume_unwind,
    path::Path,
    sync::{Arc, OnceLock},
    thread,
};

use meshrun_helm::{Capabilities, Chart, Options, Release};
use serde_json::Value;

use crate::{
    Error,
    operator::{
        charts::Charts,
        component::{Kind, Part},
        object::missing_key,
        request::Cluster,
    },
};

/// A chart with the objects that are the same in every rendering.
#[derive(Debug)]
pub(crate) struct LoadedChart {
    chart: Chart,
    /// The custom resource definitions.
    crds: OnceLock<Vec<Value>>,
}

impl LoadedChart {
    pub fn load(folder: &Path, kind: Kind) -> Result<Self, Error> {
        let broken = |source| Error::Chart { chart: kind.chart().to_owned(), source: Box::new(source) };
        Ok(Self { chart: Chart::load(folder).map_err(broken)?, crds: OnceLock::new() })
    }

    fn crds(&self, kind: Kind) -> Result<&[Value], Error> {
        if let Some(crds) = self.crds.get() {
            return Ok(crds);
        }
        let mut files = self.chart.crds();
        files.sort();
        let mut crds = Vec::new();
        for (file, text) in files {
            crds.extend(objects_of(&text, &file, kind)?);
        }
        Ok(self.crds.get_or_init(|| crds))
    }
}

/// What is the same for all components of a manifest.
pub(crate) struct Rendering<'r> {
    pub charts: &'r Charts,
    pub templates: &'r [String],
    pub cluster: Option<&'r Cluster>,
}

impl Rendering<'_> {
    /// The objects of a component's chart: its templates by path, then its custom resource definitions.
    pub fn objects(&self, part: &Part<'_>, values: &Value) -> Result<Vec<Value>, Error> {
        let loaded = self.charts.chart(part.kind)?;
        let rendered =
            meshrun_helm::render(&loaded.chart, values, &self.options(part, &loaded.chart)).map_err(|source| {
                let (component, chart) = (part.kind.name().to_owned(), part.kind.chart().to_owned());
                Error::Render { component, chart, source: Box::new(source) }
            })?;
        let mut objects = Vec::new();
        for (file, text) in &rendered.files {
            objects.extend(objects_of(text.trim(), file, part.kind)?);
        }
        let wants_crds = values.pointer("/base/enableIstioConfigCRDs").and_then(Value::as_bool) != Some(false);
        if loaded.chart.name() != "base" || wants_crds {
            objects.extend_from_slice(loaded.crds(part.kind)?);
        }
        Ok(objects)
    }

    fn options(&self, part: &Part<'_>, chart: &Chart) -> Options {
        // What istioctl assumes when it asks no cluster: the oldest version that it supports.
        let kube_version = self.cluster.map_or("v1.25.0", |cluster| &cluster.version).to_owned();
        let mut options = Options {
            release: Release {
                name: "istio".to_owned(),
                namespace: part.namespace.to_owned(),
                revision: 0,
                is_install: false,
                ..Release::default()
            },
            capabilities: Capabilities { kube_version, ..Capabilities::default() },
            ..Options::default()
        };
        if !self.templates.is_empty() {
            let kept: Vec<String> = self.templates.iter().map(|path| format!("{}/{path}", chart.name())).collect();
            options.keep = Some(Arc::new(move |path| kept.iter().any(|kept| kept == path)));
        }
        options
    }
}

/// The objects in a rendered file.
pub(super) fn objects_of(text: &str, file: &str, kind: Kind) -> Result<Vec<Value>, Error> {
    let component = || kind.name().to_owned();
    let objects = parse(text).map_err(|source| Error::Rendered {
        component: component(),
        file: file.to_owned(),
        source: Box::new(source.in_file(file)),
    })?;
    match objects.iter().find_map(missing_key) {
        None => Ok(objects),
        Some(missing) => Err(Error::RenderedObject { component: component(), file: file.to_owned(), missing }),
    }
}

/// From this length on a text is read by two threads: the definitions are most of the work of a whole manifest.
const LONG: usize = 100_000;

fn parse(text: &str) -> Result<Vec<Value>, meshrun_yaml::Error> {
    let middle = text.floor_char_boundary(text.len() / 2);
    let Some(at) = text[..middle].rfind("\n---\n").filter(|_| text.len() > LONG) else {
        return meshrun_yaml::parse_all(text);
    };
    let (first, second) = text.split_at(at + 1);
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| meshrun_yaml::parse_all(second));
        (meshrun_yaml::parse_all(first), second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    match (first, second) {
        (Ok(mut objects), Ok(rest)) => {
            objects.extend(rest);
            Ok(objects)
        }
        // Once more in one piece, for the place in the whole text.
        _ => meshrun_yaml::parse_all(text),
    }
}

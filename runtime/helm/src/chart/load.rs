//! Sorts a chart's files into what they are.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json};

use super::{Chart, File, archive, metadata};
use crate::{Error, values::floats};

/// Charts inside charts inside charts: no real one comes near this.
const MAX_DEPTH: usize = 64;

/// Make a chart of files.
pub(super) fn chart(files: Vec<(String, Vec<u8>)>) -> Result<Chart, Error> {
    chart_at(files, 0)
}

fn chart_at(files: Vec<(String, Vec<u8>)>, depth: usize) -> Result<Chart, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Chart { message: format!("charts are nested more than {MAX_DEPTH} deep") });
    }
    let mut meta = None;
    for (_, data) in files.iter().filter(|(name, _)| name == "Chart.yaml") {
        meta = Some(metadata::read("Chart.yaml", &text(data), meta)?);
    }
    if let Some(meta) = &mut meta
        && meta.api_version.is_empty()
    {
        // Charts of Helm 2 need not say it.
        meta.api_version = "v1".into();
    }
    let mut chart = Chart {
        metadata: metadata::Metadata::default(),
        templates: Vec::new(),
        files: Vec::new(),
        values: Arc::default(),
        schema: None,
        dependencies: Vec::new(),
    };
    let mut inside: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (name, data) in files {
        let is_v1 = meta.as_ref().is_some_and(|meta| meta.api_version == "v1");
        match name.as_str() {
            "Chart.yaml" | "Chart.lock" => {}
            "values.yaml" => chart.values = Arc::new(values(&data)?),
            "values.schema.json" => chart.schema = Some(data.into()),
            "requirements.yaml" => {
                meta = Some(metadata::read("requirements.yaml", &text(&data), meta)?);
                if is_v1 {
                    chart.files.push(File::new(&name, data));
                }
            }
            "requirements.lock" if is_v1 => chart.files.push(File::new(&name, data)),
            "requirements.lock" => {}
            _ if name.starts_with("templates/") => chart.templates.push(File::new(&name, data)),
            _ => match name.strip_prefix("charts/") {
                Some(_) if name.ends_with(".prov") => chart.files.push(File::new(&name, data)),
                Some(rest) => {
                    let folder = rest.split('/').next().unwrap_or(rest).to_owned();
                    inside.entry(folder).or_default().push((rest.to_owned(), data));
                }
                None => chart.files.push(File::new(&name, data)),
            },
        }
    }
    chart.metadata = meta.ok_or_else(|| Error::Chart { message: "Chart.yaml file is missing".into() })?;
    chart.metadata.validate()?;
    for (name, files) in inside {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let loaded = dependency(&name, files, depth);
        let chart_name = chart.metadata.name.clone();
        let loaded = loaded.map_err(|source| Error::Subchart { name, chart: chart_name, source: Box::new(source) })?;
        chart.dependencies.push(loaded);
    }
    Ok(chart)
}

fn dependency(name: &str, files: Vec<(String, Vec<u8>)>, depth: usize) -> Result<Chart, Error> {
    if name.ends_with(".tgz") {
        return match files.into_iter().next() {
            Some((path, data)) if path == name => chart_at(archive::files(&data)?, depth + 1),
            Some((path, _)) => Err(Error::Unsafe { reason: format!("expected {name}, got {path}") }),
            None => Err(Error::Chart { message: "Chart.yaml file is missing".into() }),
        };
    }
    let inner = files.into_iter().filter_map(|(path, data)| Some((path.split_once('/')?.1.to_owned(), data)));
    chart_at(inner.collect(), depth + 1)
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

fn values(data: &[u8]) -> Result<Map<String, Json>, Error> {
    let file = "values.yaml";
    let parsed = meshrun_yaml::parse(&text(data)).map_err(|source| Error::Yaml { file: file.into(), source })?;
    match floats(parsed) {
        Json::Object(values) => Ok(values),
        Json::Null => Ok(Map::new()),
        other => Err(Error::Shape { file: file.into(), expected: "a map", found: format!("`{other}`") }),
    }
}

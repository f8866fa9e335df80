//! A chart: what it says of itself, its templates, files, default values and the charts inside it.

mod archive;
mod folder;
mod ignore;
mod load;
mod matching;
mod metadata;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use serde_json::{Map, Value as Json};

pub(crate) use matching::matches;
pub use metadata::{Dependency, Maintainer, Metadata};

use crate::{Error, template::parser::Parsed};

/// A chart with the charts inside it. Copies are cheap; what was parsed for one rendering serves the next.
#[derive(Debug, Clone)]
pub struct Chart {
    pub(crate) metadata: Metadata,
    pub(crate) templates: Vec<File>,
    pub(crate) files: Vec<File>,
    pub(crate) values: Arc<Map<String, Json>>,
    pub(crate) schema: Option<Arc<[u8]>>,
    pub(crate) dependencies: Vec<Chart>,
}

/// A file of a chart, by its path in the chart.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: Arc<str>,
    pub(crate) data: Arc<[u8]>,
    /// The trees of a template, once it was parsed.
    pub(crate) parsed: Arc<OnceLock<Arc<Parsed>>>,
}

impl File {
    pub(crate) fn new(name: &str, data: Vec<u8>) -> Self {
        Self { name: name.into(), data: data.into(), parsed: Arc::default() }
    }
}

impl Chart {
    /// Load a chart from a folder or from an archive.
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let about = std::fs::metadata(path).map_err(|source| Error::Read { path: path.into(), source })?;
        if about.is_dir() {
            return load::chart(folder::files(path)?);
        }
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        Self::from_archive(&bytes)
    }

    /// Load a chart from the bytes of a `.tgz` archive.
    ///
    /// # Errors
    /// When it is no archive, or no chart.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, Error> {
        load::chart(archive::files(bytes)?)
    }

    /// Make a chart of files, each with its path in the chart (`Chart.yaml`, `templates/service.yaml`).
    ///
    /// # Errors
    /// When they make no chart.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Error> {
        load::chart(files.into_iter().collect())
    }

    /// The chart's name; of a dependency with an alias, the alias.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The chart's version.
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// What Chart.yaml says.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The default values, numbers as floats.
    pub fn values(&self) -> &Map<String, Json> {
        &self.values
    }

    /// The charts inside it.
    pub fn dependencies(&self) -> &[Chart] {
        &self.dependencies
    }

    /// The paths of the templates in this chart, without those of the charts inside.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().map(|file| &*file.name)
    }

    /// The bytes of a file of the chart that is neither a template nor one of those that describe it.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|file| &*file.name == name).map(|file| &*file.data)
    }

    /// The files in `crds/` of the chart and the charts inside, by their full path (`base/crds/crd-all.gen.yaml`).
    pub fn crds(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        self.collect_crds(&self.metadata.name, &mut found);
        found
    }

    fn collect_crds(&self, path: &str, found: &mut Vec<(String, String)>) {
        let is_manifest = |name: &str| {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        };
        for file in self.files.iter().filter(|file| file.name.starts_with("crds/") && is_manifest(&file.name)) {
            found.push((format!("{path}/{}", file.name), String::from_utf8_lossy(&file.data).into_owned()));
        }
        for dependency in &self.dependencies {
            dependency.collect_crds(&format!("{path}/charts/{}", dependency.metadata.name), found);
        }
    }
}

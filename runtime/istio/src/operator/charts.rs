//! The charts and profiles of an Istio release, read once.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde_json::Value;

use crate::{
    Error,
    operator::{component::Kind, merge::read_yaml, render::LoadedChart, request::Stamp},
};

/// The charts and profiles of a release. A chart is read when it is first needed, and stays.
#[derive(Debug)]
pub struct Charts {
    folder: PathBuf,
    profiles: BTreeMap<String, Value>,
    charts: [OnceLock<LoadedChart>; Kind::ALL.len()],
    stamp: Option<Stamp>,
}

impl Charts {
    /// Open an unpacked release, or its `manifests` folder.
    ///
    /// # Errors
    /// When the folder holds no charts and profiles, or a profile is no YAML.
    pub fn load(release: impl AsRef<Path>) -> Result<Self, Error> {
        let release = release.as_ref();
        let inside = release.join("manifests");
        let folder = if inside.is_dir() { inside } else { release.to_owned() };
        if !folder.join("charts").is_dir() || !folder.join("profiles").is_dir() {
            return Err(Error::NoCharts { path: release.to_owned() });
        }
        let profiles = read_profiles(&folder.join("profiles"))?;
        let stamp = stamp(release).or_else(|| stamp(&fs::canonicalize(release).ok()?));
        Ok(Self { folder, profiles, charts: Default::default(), stamp })
    }

    /// The names of the profiles.
    pub fn profile_names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    /// The IstioOperator of a profile as the release holds it: what differs from the default profile.
    pub fn profile(&self, name: &str) -> Option<&Value> {
        self.profiles.get(name)
    }

    /// Hub and tag of the released images, when the folder's name tells the version.
    pub fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref()
    }

    /// The folder of a chart.
    pub(crate) fn folder(&self, chart: &str) -> PathBuf {
        self.folder.join("charts").join(chart)
    }

    /// The chart of a component.
    pub(crate) fn chart(&self, kind: Kind) -> Result<&LoadedChart, Error> {
        let place = &self.charts[kind as usize];
        if let Some(chart) = place.get() {
            return Ok(chart);
        }
        let chart = LoadedChart::load(&self.folder(kind.chart()), kind)?;
        Ok(place.get_or_init(|| chart))
    }
}

fn read_profiles(folder: &Path) -> Result<BTreeMap<String, Value>, Error> {
    let unreadable = |source| Error::Unreadable { path: folder.to_owned(), source };
    let mut profiles = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".yaml"));
        if let Some(name) = name {
            profiles.insert(name.to_owned(), read_yaml(&path)?);
        }
    }
    Ok(profiles)
}

/// A release's profiles name the images of test builds until its program puts its own in their place.
fn stamp(release: &Path) -> Option<Stamp> {
    let named = |path: &Path| Some(path.file_name()?.to_str()?.strip_prefix("istio-")?.to_owned());
    let tag = named(release)
        .or_else(|| named(release.parent()?))
        .filter(|tag| tag.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(Stamp { hub: "docker.io/istio".to_owned(), tag })
}

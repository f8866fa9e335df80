//! Releases of MetalLB: the manifest.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use meshrun_terms::{Bytes, Steps};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Sha256Digest, Sources,
    cache::{Place, cannot_read, publish_file},
    download::{self, Download, shown},
};

const LIMIT: Bytes = Bytes(16 << 20);

/// The manifests whose content is known, by version and variant. MetalLB publishes no digests: these were taken from the
/// repository at the release's tag.
const PINNED: [(&str, Variant, &str); 2] = [
    ("v0.13.10", Variant::Native, "1ef6537179ee2517f4e3bcc2e59454510051275ff751ba00983962f15746665c"),
    ("v0.13.10", Variant::Frr, "d35e8982c3744598c07ccc3262e05e48ff6819a8c2370f4643e1a16a20e222cc"),
];

/// Which of MetalLB's manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// MetalLB's own speaker.
    #[default]
    Native,
    /// With FRR for BGP.
    Frr,
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Native => "native",
            Self::Frr => "frr",
        })
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "native" => Ok(Self::Native),
            "frr" => Ok(Self::Frr),
            other => Err(format!("expected native or frr, found `{other}`")),
        }
    }
}

/// A release's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text: YAML, many documents.
    pub text: String,
}

/// The manifest of this version of MetalLB, with or without `v` before it. It is downloaded when it is neither in the folder of
/// releases nor in the cache. A download and what lies in the cache is checked against `sha256`, or the digest that is known
/// here; when there is neither, a warning says so.
///
/// # Errors
/// When the version cannot be one; when the folder of releases has it without this manifest; when it cannot be downloaded or has
/// another digest.
pub async fn metallb(
    sources: &Sources,
    version: &str,
    variant: Variant,
    sha256: Option<Sha256Digest>,
    steps: &Steps,
) -> Result<Manifest, Error> {
    let tag = format!("v{}", version_text(version, "v0.13.10")?);
    let (name, inner) = (format!("metallb-{tag}"), format!("config/manifests/metallb-{variant}.yaml"));
    if let Some(found) = in_release_dir(sources, &name, &inner)? {
        return read(found);
    }
    let expected = sha256.or_else(|| pinned(&tag, variant));
    let path = sources.releases().join(&name).join(&inner);
    if let Some(found) = cached(&path, expected)? {
        return Ok(found);
    }
    let place = Place::take(&sources.releases(), &format!("{name}-{variant}"), sources.timeout, steps).await?;
    if let Some(found) = cached(&path, expected)? {
        return Ok(found);
    }
    let what = format!("MetalLB {}", tag.trim_start_matches('v'));
    steps.doing(format!("downloading {what}"));
    let url = format!("{}/{tag}/{inner}", sources.metallb_url.trim_end_matches('/'));
    let file = place.file()?;
    let wanted = Download { url: &url, what: &name, limit: LIMIT };
    let found = download::to_file(&wanted, file.path(), sources.timeout, steps).await;
    let found = found.map_err(|error| unavailable(&what, &format!("{name}/{inner}"), error))?;
    check(&url, &what, expected, found, steps)?;
    publish_file(file, &path)?;
    steps.changed(format!("downloaded {what} to {}", path.display()));
    read(path)
}

/// A version as it stands in names: without `v`, without anything that could lead elsewhere.
pub(crate) fn version_text(version: &str, example: &'static str) -> Result<String, Error> {
    let text = version.strip_prefix('v').unwrap_or(version);
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
    let good = text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(known) && !text.contains("..");
    if good { Ok(text.to_owned()) } else { Err(Error::Version { example, found: version.to_owned() }) }
}

fn pinned(tag: &str, variant: Variant) -> Option<Sha256Digest> {
    let (_, _, digest) = PINNED.iter().find(|(version, kind, _)| *version == tag && *kind == variant)?;
    digest.parse().ok() // a test parses them all
}

fn check(
    url: &str,
    what: &str,
    expected: Option<Sha256Digest>,
    found: Sha256Digest,
    steps: &Steps,
) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != found => Err(Error::Digest { url: shown(url), expected, found }),
        Some(_) => Ok(()),
        None => {
            steps.warning(format!(
                "the digest of {what} is not known here: it is used unchecked; its SHA-256 is {found}"
            ));
            Ok(())
        }
    }
}

fn in_release_dir(sources: &Sources, name: &str, inner: &str) -> Result<Option<PathBuf>, Error> {
    let Some(folder) = sources.release_dir.as_ref().map(|releases| releases.join(name)) else { return Ok(None) };
    let path = folder.join(inner);
    match (folder.try_exists().map_err(cannot_read(&folder))?, path.try_exists().map_err(cannot_read(&path))?) {
        (_, true) => Ok(Some(path)),
        (false, _) => Ok(None),
        (true, false) => Err(Error::Incomplete { folder, missing: inner.to_owned() }),
    }
}

/// What lies in the cache, when it is what is expected there.
fn cached(path: &Path, expected: Option<Sha256Digest>) -> Result<Option<Manifest>, Error> {
    if !path.try_exists().map_err(cannot_read(path))? {
        return Ok(None);
    }
    let found = read(path.to_owned())?;
    let good = expected.is_none_or(|expected| expected == Sha256Digest::of(found.text.as_bytes()));
    Ok(good.then_some(found))
}

fn read(path: PathBuf) -> Result<Manifest, Error> {
    let text = fs::read_to_string(&path).map_err(cannot_read(&path))?;
    Ok(Manifest { path, text })
}

fn unavailable(what: &str, layout: &str, error: Error) -> Error {
    if !error.is_about_source() {
        return error;
    }
    let (what, layout) = (what.to_owned(), format!("`{layout}`"));
    Error::Unavailable { what, layout, mirror: "MESHRUN_METALLB_URL", source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pinned_digest_is_one() {
        for (tag, variant, _) in PINNED {
            assert!(pinned(tag, variant).is_some(), "{tag} {variant}");
        }
        assert_eq!(pinned("v0.13.11", Variant::Native), None);
    }

    #[test]
    fn the_pinned_digests_are_those_of_the_release() {
        let Ok(upstream) = std::env::var("MESHRUN_UPSTREAM") else {
            return println!("skipped: MESHRUN_UPSTREAM is not set");
        };
        for (tag, variant, digest) in PINNED {
            let path = format!("{upstream}/metallb-{tag}/config/manifests/metallb-{variant}.yaml");
            assert_eq!(Sha256Digest::of(&fs::read(&path).unwrap()).to_string(), digest, "{path}");
        }
    }

    #[test]
    fn a_version_leads_nowhere() {
        assert_eq!(version_text("v0.13.10", "").unwrap(), "0.13.10");
        assert_eq!(version_text("1.24.0-rc.1", "").unwrap(), "1.24.0-rc.1");
        for bad in ["", "latest", "../1", "1/2", "1..2", "v", "1 2"] {
            assert!(version_text(bad, "1.20.1").is_err(), "{bad}");
        }
    }
}

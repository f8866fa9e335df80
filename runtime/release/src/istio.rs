//! Releases of Istio: charts, profiles, samples.

use std::path::{Path, PathBuf};

use meshrun_terms::{Bytes, Steps};
use tempfile::NamedTempFile;

use crate::{
    Error, Sha256Digest, Sources, archive,
    cache::{Place, cannot_read, cannot_write},
    download::{self, Download, shown},
    metallb::version_text,
};

const ARCHIVE_LIMIT: Bytes = Bytes(512 << 20);
const SUM_LIMIT: Bytes = Bytes(4 << 10);
/// Every release of Istio has it, of every version that this program can install.
const MARK: &str = "manifests/charts";

/// The folder of this version of Istio, laid out as its archive is: `manifests/charts`, `manifests/profiles`, `samples`. It is
/// downloaded when it is neither in the folder of releases nor in the cache, and checked against the digest that is published
/// beside it.
///
/// # Errors
/// When the version cannot be one; when the folder of releases has it incomplete; when it cannot be downloaded or is not what was
/// published.
pub async fn istio(sources: &Sources, version: &str, steps: &Steps) -> Result<PathBuf, Error> {
    let version = version_text(version, "1.20.1")?;
    let name = format!("istio-{version}");
    if let Some(found) = in_release_dir(sources, &name)? {
        return Ok(found);
    }
    let (releases, what) = (sources.releases(), format!("Istio {version}"));
    let folder = releases.join(&name);
    if is_release(&folder)? {
        return Ok(folder);
    }
    let place = Place::take(&releases, &name, sources.timeout, steps).await?;
    if is_release(&folder)? {
        return Ok(folder);
    }
    steps.doing(format!("downloading {what}"));
    let archive =
        get_archive(sources, &version, &place, steps).await.map_err(|error| unavailable(&what, &name, error))?;
    steps.doing(format!("unpacking {what}"));
    let target = folder.clone();
    let unpacking = tokio::task::spawn_blocking(move || unpack(&place, &archive, &name, &target));
    unpacking.await.map_err(Error::Task)??;
    steps.changed(format!("downloaded {what} to {}", folder.display()));
    Ok(folder)
}

fn in_release_dir(sources: &Sources, name: &str) -> Result<Option<PathBuf>, Error> {
    let Some(folder) = sources.release_dir.as_ref().map(|releases| releases.join(name)) else { return Ok(None) };
    match (folder.try_exists().map_err(cannot_read(&folder))?, is_release(&folder)?) {
        (false, _) => Ok(None),
        (true, true) => Ok(Some(folder)),
        (true, false) => Err(Error::Incomplete { folder, missing: MARK.to_owned() }),
    }
}

fn is_release(folder: &Path) -> Result<bool, Error> {
    let mark = folder.join(MARK);
    mark.try_exists().map_err(cannot_read(&mark))
}

/// The archive with the right digest, as a file that is gone when it is dropped.
async fn get_archive(sources: &Sources, version: &str, place: &Place, steps: &Steps) -> Result<NamedTempFile, Error> {
    // Charts and samples are the same in the archives of all platforms; this one has always been there.
    let url = format!("{}/{version}/istio-{version}-linux-amd64.tar.gz", sources.istio_url.trim_end_matches('/'));
    let sum_url = format!("{url}.sha256");
    let name = format!("istio {version}");
    let sum = Download { url: &sum_url, what: "digest", limit: SUM_LIMIT };
    let sum = download::to_text(&sum, sources.timeout, steps).await?;
    let no_digest = || Error::NoDigest { url: shown(&sum_url), found: sum.chars().take(80).collect() };
    let expected = Sha256Digest::of_sum_file(&sum).ok_or_else(no_digest)?;
    let file = place.file()?;
    let wanted = Download { url: &url, what: &name, limit: ARCHIVE_LIMIT };
    let found = download::to_file(&wanted, file.path(), sources.timeout, steps).await?;
    if found == expected { Ok(file) } else { Err(Error::Digest { url: shown(&url), expected, found }) }
}

/// Unpack beside the target, then give it its name. Holds the place until it is done, also when nobody waits any more.
fn unpack(place: &Place, archive: &NamedTempFile, name: &str, target: &Path) -> Result<(), Error> {
    let folder = place.folder()?;
    let inside = folder.path().join(name);
    archive::unpack(archive.path(), name, &inside)?;
    if !is_release(&inside)? {
        return Err(Error::Incomplete { folder: PathBuf::from(name), missing: MARK.to_owned() });
    }
    if target.try_exists().map_err(cannot_read(target))? {
        std::fs::remove_dir_all(target).map_err(cannot_write(target))?; // not a release: looked at before
    }
    std::fs::rename(&inside, target).map_err(cannot_write(target))
}

fn unavailable(what: &str, layout: &str, error: Error) -> Error {
    if !error.is_about_source() {
        return error;
    }
    let (what, layout) = (what.to_owned(), format!("`{layout}/`"));
    Error::Unavailable { what, layout, mirror: "MESHRUN_ISTIO_URL", source: Box::new(error) }
}

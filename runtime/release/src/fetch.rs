//! Any file by its URL, for scripts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use meshrun_terms::{Bytes, Steps, Timeout};
use serde::Serialize;

use crate::{
    Error, Sha256Digest,
    cache::{cannot_read, cannot_write, publish_file},
    download::{self, Download, shown},
};

/// What to fetch, and where to put it.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The address, http or https.
    pub url: String,
    /// The file to make.
    pub path: PathBuf,
    /// What the file's digest must be. With it a file that is there and right is left alone, without asking the server.
    pub sha256: Option<Sha256Digest>,
    /// More is refused.
    pub limit: Bytes,
    /// How long it may take.
    pub timeout: Timeout,
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Whether the file is new or has another content than before.
    pub changed: bool,
}

/// Make the file be what is behind the URL. It appears whole, with the right digest, or not at all.
///
/// # Errors
/// When it cannot be downloaded, is too large or has another digest; when the file cannot be written.
pub async fn fetch(wanted: &Fetch, steps: &Steps) -> Result<Fetched, Error> {
    let before = digest_of(&wanted.path)?;
    if let (Some(found), Some(expected)) = (before, wanted.sha256)
        && found == expected
    {
        return fetched(wanted, found, false);
    }
    let name = name(&wanted.path)?;
    let folder = wanted.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(cannot_write(folder))?;
    let part = tempfile::Builder::new().prefix(&format!(".{name}.part-")).tempfile_in(folder);
    let file = part.map_err(cannot_write(folder))?;
    let download = Download { url: &wanted.url, what: &name, limit: wanted.limit };
    let found = download::to_file(&download, file.path(), wanted.timeout, steps).await?;
    if let Some(expected) = wanted.sha256.filter(|expected| *expected != found) {
        return Err(Error::Digest { url: shown(&wanted.url), expected, found });
    }
    if before == Some(found) {
        return fetched(wanted, found, false);
    }
    publish_file(file, &wanted.path)?;
    steps.changed(format!("downloaded {} to {}", shown(&wanted.url), wanted.path.display()));
    fetched(wanted, found, true)
}

fn fetched(wanted: &Fetch, sha256: Sha256Digest, changed: bool) -> Result<Fetched, Error> {
    let size = fs::metadata(&wanted.path).map_err(cannot_read(&wanted.path))?.len();
    Ok(Fetched { path: wanted.path.clone(), sha256, size, changed })
}

/// The digest of what is there.
fn digest_of(path: &Path) -> Result<Option<Sha256Digest>, Error> {
    if !path.try_exists().map_err(cannot_read(path))? {
        return Ok(None);
    }
    let content = fs::read(path).map_err(cannot_read(path))?;
    Ok(Some(Sha256Digest::of(&content)))
}

fn name(path: &Path) -> Result<String, Error> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let source = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path does not end with a file's name");
    name.ok_or_else(|| Error::Write { path: path.to_owned(), source: source() })
}

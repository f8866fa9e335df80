//! The cache folder: one process at a time makes a thing, and it appears whole or not at all.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use meshrun_terms::{Steps, Timeout};
use tempfile::{NamedTempFile, TempDir};
use tokio::time::Instant;

use crate::Error;

const POLL: Duration = Duration::from_millis(50);

/// The right to make the thing of this name in this folder. Others wait; the operating system takes it back when its
/// holder dies.
pub(crate) struct Place {
    folder: PathBuf,
    name: String,
    _lock: File,
}

impl Place {
    /// Wait for the right. What others who died left unfinished is removed.
    pub(crate) async fn take(folder: &Path, name: &str, timeout: Timeout, steps: &Steps) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(cannot_write(folder))?;
        let path = folder.join(format!(".{name}.lock"));
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(cannot_write(&path))?;
        let end = Instant::now() + timeout.duration();
        let mut told = false;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(cannot_write(&path)(source)),
                Err(TryLockError::WouldBlock) if Instant::now() > end => {
                    let seen = format!("{} is locked by another process", path.display());
                    return Err(Error::Timeout { what: format!("waiting for {name}"), after: timeout, seen });
                }
                Err(TryLockError::WouldBlock) if !told => {
                    steps.waiting(name, "another call downloads it");
                    told = true;
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
            }
        }
        let place = Self { folder: folder.to_owned(), name: name.to_owned(), _lock: lock };
        place.remove_leftovers()?;
        Ok(place)
    }

    /// A file to fill; it is removed when it is dropped.
    pub(crate) fn file(&self) -> Result<NamedTempFile, Error> {
        tempfile::Builder::new().prefix(&self.prefix()).tempfile_in(&self.folder).map_err(cannot_write(&self.folder))
    }

    /// A folder to fill; it is removed when it is dropped.
    pub(crate) fn folder(&self) -> Result<TempDir, Error> {
        tempfile::Builder::new().prefix(&self.prefix()).tempdir_in(&self.folder).map_err(cannot_write(&self.folder))
    }

    fn prefix(&self) -> String {
        format!(".{}.part-", self.name)
    }

    fn remove_leftovers(&self) -> Result<(), Error> {
        let prefix = self.prefix();
        for entry in fs::read_dir(&self.folder).map_err(cannot_read(&self.folder))? {
            let entry = entry.map_err(cannot_read(&self.folder))?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let path = entry.path();
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.map_err(cannot_write(&path))?;
            }
        }
        Ok(())
    }
}

/// Give the file its name, readable by everybody, in place of what has that name.
pub(crate) fn publish_file(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        let everybody = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        fs::set_permissions(file.path(), everybody).map_err(cannot_write(file.path()))?;
    }
    file.as_file().sync_all().map_err(cannot_write(path))?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(cannot_write(parent))?;
    }
    file.persist(path).map_err(|error| cannot_write(path)(error.error))?;
    Ok(())
}

pub(crate) fn cannot_write(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Write { path: path.clone(), source }
}

pub(crate) fn cannot_read(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read { path: path.clone(), source }
}

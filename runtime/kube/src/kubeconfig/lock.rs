//! The lock that kubectl and kind take before they write a kubeconfig: a file beside it that only one can create.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use meshrun_terms::Timeout;

use crate::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Holds the lock of a kubeconfig until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(PathBuf);

/// Take the lock, waiting for whoever holds it.
pub(crate) async fn lock(kubeconfig: &Path, timeout: Timeout) -> Result<Lock, Error> {
    let path = path_of(kubeconfig);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|source| Error::Unwritable { path: kubeconfig.into(), source })?;
    }
    let deadline = Instant::now() + timeout.duration();
    let mut pause = FIRST_PAUSE;
    loop {
        match create(&path) {
            Ok(()) => return Ok(Lock(path)),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::Unwritable { path, source: error });
            }
            Err(_) if Instant::now() >= deadline => return Err(Error::Locked { lock: path, timeout }),
            Err(_) => {}
        }
        tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn path_of(kubeconfig: &Path) -> PathBuf {
    let mut path = kubeconfig.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn create(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0);
    options.open(path).map(drop)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody can be told here; a lock that stays is named by the next one who waits for it.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_held_lock_is_waited_for_and_named_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/config");
        let held = lock(&file, Timeout::seconds(1)).await.unwrap();
        let error = lock(&file, Timeout(Duration::from_millis(30))).await.unwrap_err();
        assert_eq!(error.to_string(), format!("`{}.lock` is still held after 30ms", file.display()));
        let waiting = tokio::spawn({
            let file = file.clone();
            async move { lock(&file, Timeout::seconds(10)).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(held);
        drop(waiting.await.unwrap().unwrap());
        assert!(!path_of(&file).exists());
    }
}

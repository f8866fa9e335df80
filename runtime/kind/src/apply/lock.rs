//! Creations of the same cluster take turns, also between processes of this machine.

use std::{
    fs::{File, OpenOptions, TryLockError},
    time::Duration,
};

use meshrun_terms::Steps;

use super::deadline::Deadline;
use crate::{Config, Error};

/// The turn of a creation; the next one gets it when this is dropped, or when the process ends.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code)] Option<File>); // held for its lock, never read

/// Wait for the turn of creating this cluster.
///
/// # Errors
/// `kind::file`; `kind::timeout` when another creation does not end.
pub async fn take(config: &Config, engine: &str, deadline: &Deadline, steps: &Steps) -> Result<Turn, Error> {
    let Some(folder) = &config.locks else { return Ok(Turn(None)) };
    let path = folder.join(format!("kind-{}-{}.lock", config.name, plain(engine)));
    let unusable = |source| Error::File { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Turn(Some(file))),
            Err(TryLockError::WouldBlock) if deadline.is_over() => {
                let what = format!("waiting for another creation of cluster `{}`", config.name);
                let last = vec![format!("it holds `{}`", path.display())];
                return Err(Error::Timeout { what, timeout: deadline.timeout(), last });
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(Error::File { path, source }),
        }
        if !told {
            steps.waiting(format!("cluster {}", config.name), "another process is making it");
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An address as a part of a file's name.
fn plain(address: &str) -> String {
    address.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use meshrun_terms::Timeout;

    use super::*;
    use crate::Options;

    #[tokio::test]
    async fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let config = Options { locks: Some(folder.path().join("locks")), ..Options::default() }.config().unwrap();
        let steps = Steps::silent();
        let first = take(&config, "unix:///a", &Deadline::new(Timeout::seconds(1)), &steps).await.unwrap();
        let other = take(&config, "unix:///b", &Deadline::new(Timeout::seconds(1)), &steps).await;
        assert!(other.is_ok(), "another engine is another cluster");
        let soon = Deadline::new(Timeout(Duration::from_millis(150)));
        let error = take(&config, "unix:///a", &soon, &steps).await.unwrap_err();
        assert!(error.to_string().starts_with("waiting for another creation of cluster `kind` took longer"), "{error}");
        drop(first);
        take(&config, "unix:///a", &soon, &steps).await.unwrap();
    }
}

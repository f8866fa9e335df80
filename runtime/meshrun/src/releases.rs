//! The releases at hand for a simulated run: a folder of the user's, else those of the user's cache, else miniature ones.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use meshrun_ops::{Environment, Settings, World};

use crate::embedded;

/// Where the releases of a simulated run come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Releases {
    /// A folder that the user has named.
    Given(PathBuf),
    /// Releases that lie in the cache, by their folders' names: `istio-1.20.1`; for the others there are the miniature ones.
    Cached { folder: PathBuf, names: Vec<String> },
}

impl Releases {
    /// What is at hand.
    pub fn at_hand(environment: &Environment, settings: &Settings) -> Self {
        let world = World::new(environment.clone(), settings.clone());
        if let Some(folder) = world.release_dir() {
            return Self::Given(folder);
        }
        let folder = world.cache_dir().join("releases");
        let mut names: Vec<String> =
            folders(&folder).into_iter().filter(|name| is_release(&folder.join(name))).collect();
        names.sort();
        Self::Cached { folder, names }
    }

    /// In words, for the summary of a run.
    pub fn words(&self) -> String {
        match self {
            Self::Given(folder) => format!("releases of {}", folder.display()),
            Self::Cached { names, .. } if names.is_empty() => "miniature releases".to_owned(),
            Self::Cached { names, .. } => {
                let miniature = miniature_names().into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>();
                let cached = format!("{} of the cache", names.join(", "));
                if miniature.is_empty() { cached } else { format!("{cached}, {} in miniature", miniature.join(", ")) }
            }
        }
    }

    /// A folder with all of them, made in this one if need be.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn furnish(&self, folder: &Path) -> io::Result<PathBuf> {
        let (cache, names) = match self {
            Self::Given(folder) => return Ok(folder.clone()),
            Self::Cached { folder, names } => (folder, names),
        };
        fs::create_dir_all(folder)?;
        for name in names {
            std::os::unix::fs::symlink(cache.join(name), folder.join(name))?; // whoever has a release only reads it
        }
        for (name, bytes) in embedded::miniature() {
            let first = name.split('/').next().unwrap_or_default();
            if !names.iter().any(|cached| cached == first) {
                write(&folder.join(&name), &bytes)?;
            }
        }
        Ok(folder.to_owned())
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}

fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten(); // no cache is an empty one
    entries.filter(|entry| entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a folder of the cache is a release that a run can use.
fn is_release(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mark = match name {
        _ if name.starts_with("istio-") => "manifests/charts",
        _ if name.starts_with("metallb-") => "config/manifests/metallb-native.yaml",
        _ => return false,
    };
    folder.join(mark).exists()
}

fn miniature_names() -> Vec<String> {
    let mut names: Vec<String> = embedded::miniature()
        .into_iter()
        .filter_map(|(name, _)| name.split_once('/').map(|(first, _)| first.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_hand(home: &Path) -> Releases {
        let environment = Environment { home: Some(home.to_owned()), ..Environment::default() };
        Releases::at_hand(&environment, &Settings::default())
    }

    #[test]
    fn what_lies_in_the_cache_is_used_and_the_rest_is_miniature() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(at_hand(home.path()).words(), "miniature releases");
        let cached = home.path().join(".cache/meshrun/releases/istio-1.20.1/manifests/charts");
        fs::create_dir_all(&cached).unwrap();
        fs::create_dir_all(home.path().join(".cache/meshrun/releases/metallb-v9.9.9")).unwrap(); // not whole
        let found = at_hand(home.path());
        assert_eq!(found.words(), "istio-1.20.1 of the cache, metallb-v0.13.10 in miniature");
        let folder = found.furnish(&home.path().join("merged")).unwrap();
        assert_eq!(
            fs::canonicalize(folder.join("istio-1.20.1/manifests/charts")).unwrap(),
            fs::canonicalize(&cached).unwrap()
        );
        assert!(folder.join("metallb-v0.13.10/config/manifests/metallb-native.yaml").is_file());
        assert_eq!(fs::read_dir(&cached).unwrap().count(), 0); // nothing is written into the cache
    }
}

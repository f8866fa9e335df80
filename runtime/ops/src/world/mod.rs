//! The world that operations act on: the environment as data, the settings of the run, and connections, made when they
//! are first needed and kept. Nothing here reads the real environment; the binary hands it in.

mod docker;
mod kube;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use meshrun_docker::Docker;
use tokio::sync::OnceCell;

/// What the process was started with.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The working folder; relative paths of scripts are taken from here.
    pub directory: PathBuf,
}

impl Environment {
    /// The value of a variable; an empty one counts as not set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path as a script gave it: `~/` is the home folder, relative ones are taken from the working folder.
    pub fn path(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.directory.join(path),
        }
    }
}

/// Settings of a run, from the command line.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `--kubeconfig`: the file to use instead of `KUBECONFIG` and `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// `--release-dir`: unpacked releases; stands before `MESHRUN_RELEASES` and the cache.
    pub release_dir: Option<PathBuf>,
    /// Where downloads are kept; by default the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// `--docker-host`: the engine to use instead of the one that the docker client would find.
    pub docker_host: Option<String>,
    /// An HTTP proxy that leads to all clusters and to what they serve, as simulated ones need it.
    pub proxy: Option<String>,
    /// The simulated world of a simulated run.
    pub simulation: Option<Arc<meshrun_sim::World>>,
    /// The user's own home folder, in which a rehearsal finds what its own, which is empty at first, does not have. Nothing is written there.
    pub real_home: Option<PathBuf>,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// What the process was started with.
    pub environment: Environment,
    /// Settings of the run.
    pub settings: Settings,
    docker: OnceCell<Docker>,
    pub(crate) clusters: kube::Clusters,
}

impl World {
    /// A world with nothing connected yet.
    pub fn new(environment: Environment, settings: Settings) -> Self {
        Self { environment, settings, docker: OnceCell::new(), clusters: kube::Clusters::default() }
    }

    /// Where in the user's own home folder a path of a rehearsal's would be; none for other paths, and for what is no rehearsal.
    pub fn beneath(&self, path: &Path) -> Option<PathBuf> {
        let home = self.environment.home.as_ref()?;
        let rest = path.strip_prefix(home).ok()?; // a path elsewhere is the real one
        self.settings.real_home.as_ref().map(|real| real.join(rest))
    }

    /// The folder of unpacked releases, by `--release-dir` or `MESHRUN_RELEASES`.
    pub fn release_dir(&self) -> Option<PathBuf> {
        let named = || self.environment.variable("MESHRUN_RELEASES").map(|path| self.environment.path(path));
        self.settings.release_dir.clone().or_else(named)
    }

    /// The folder for downloads: `--cache-dir`, `MESHRUN_CACHE`, `$XDG_CACHE_HOME/meshrun` or `~/.cache/meshrun`.
    pub fn cache_dir(&self) -> PathBuf {
        let environment = &self.environment;
        let xdg = || environment.variable("XDG_CACHE_HOME").map(|path| Path::new(path).join("meshrun"));
        let home = || environment.home.as_ref().map(|home| home.join(".cache/meshrun"));
        self.settings
            .cache_dir
            .clone()
            .or_else(|| environment.variable("MESHRUN_CACHE").map(|path| environment.path(path)))
            .or_else(xdg)
            .or_else(home)
            .unwrap_or_else(|| environment.directory.join(".meshrun-cache"))
    }
}

//! A user's home for one test: its own kubeconfig, releases at hand, and no cluster left behind.

use std::{
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{delete_cluster, meshrun, upstream};

/// A home folder, and the kind clusters that are deleted when it goes.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    clusters: Vec<&'static str>,
    releases: Option<std::path::PathBuf>,
}

impl Home {
    /// An empty one.
    ///
    /// # Panics
    /// When there is no room for it.
    #[must_use]
    pub fn new() -> Self {
        match tempfile::tempdir() {
            Ok(folder) => Self { folder, clusters: Vec::new(), releases: None },
            Err(error) => panic!("no temporary folder: {error}"),
        }
    }

    /// With the releases of the upstream data, otherwise a note that `test` was skipped.
    #[must_use]
    pub fn with_releases(test: &str) -> Option<Self> {
        let releases = upstream(test)?;
        let mut home = Self::new();
        home.releases = Some(releases);
        Some(home)
    }

    /// Delete these kind clusters now and when the test ends, also when it fails.
    #[must_use]
    pub fn of_clusters(mut self, clusters: &[&'static str]) -> Self {
        self.clusters = clusters.to_vec();
        self.delete();
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// meshrun in this home.
    pub fn meshrun(&self, arguments: &[&str]) -> Command {
        let mut command = meshrun(self.path(), arguments);
        if let Some(releases) = &self.releases {
            command.env("MESHRUN_RELEASES", releases);
        }
        command
    }

    /// Run meshrun in this home.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Output {
        match self.meshrun(arguments).output() {
            Ok(output) => output,
            Err(error) => panic!("cannot start meshrun: {error}"),
        }
    }

    /// Another program in this home.
    pub fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("HOME", self.path()).env("KUBECONFIG", self.path().join("kubeconfig"));
        command
    }

    fn delete(&self) {
        self.clusters.iter().for_each(|cluster| delete_cluster(cluster));
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.delete();
    }
}

//! Simulated peers for a run: there before it starts, gone when it has ended.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use meshrun_host::Failure;
use meshrun_ops::{Environment, Settings};
use meshrun_sim::{Fault, Simulation};
use tempfile::TempDir;

use crate::{cli::Simulator, embedded};

/// How long the peers get to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Simulated peers, and the folder of what a run leaves with them: kubeconfig, home, releases.
pub struct Simulated {
    simulation: Simulation,
    folder: TempDir,
}

impl Simulated {
    /// Start them.
    ///
    /// # Errors
    /// When a fault is unknown, or nothing can be listened on.
    pub async fn start(how: &Simulator) -> Result<Self, Failure> {
        let unusable = |text: String| Failure::new("sim::unusable", text);
        let folder = tempfile::Builder::new().prefix("meshrun-").tempdir();
        let folder = folder.map_err(|error| unusable(format!("cannot make a temporary folder: {error}")))?;
        std::fs::create_dir(folder.path().join("home"))
            .map_err(|error| unusable(format!("cannot make a home folder: {error}")))?;
        let faults: Result<Vec<Fault>, _> = how.faults.iter().map(|fault| fault.parse()).collect();
        let faults =
            faults.map_err(|error: meshrun_sim::Error| Failure::new("sim::unknown_fault", error.to_string()))?;
        let options = meshrun_sim::Options { seed: how.seed, faults, socket: None };
        let simulation = Simulation::start(options).await.map_err(|error| unusable(chain(&error)))?;
        Ok(Self { simulation, folder })
    }

    /// Lead everything that a run would reach to them, and keep it from what the user has.
    ///
    /// # Errors
    /// When the miniature release cannot be written.
    pub fn furnish(&self, environment: &mut Environment, settings: &mut Settings) -> Result<(), Failure> {
        let kubeconfig = self.kubeconfig();
        for name in ["DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "NO_PROXY", "no_proxy"] {
            environment.variables.remove(name);
        }
        for (name, value) in self.variables() {
            environment.variables.insert(name.to_owned(), value);
        }
        environment.home = Some(self.folder.path().join("home"));
        settings.docker_host = Some(self.simulation.docker_host());
        settings.kubeconfig = Some(kubeconfig);
        settings.proxy = Some(self.simulation.proxy());
        if settings.release_dir.is_none() && environment.variable("MESHRUN_RELEASES").is_none() {
            let releases = self.folder.path().join("releases");
            write_releases(&releases).map_err(|error| {
                Failure::new("sim::unusable", format!("cannot write the miniature release: {error}"))
            })?;
            settings.release_dir = Some(releases);
        }
        Ok(())
    }

    /// What other clients need to reach them.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("DOCKER_HOST", self.simulation.docker_host()),
            ("KUBECONFIG", self.kubeconfig().display().to_string()),
            ("HTTPS_PROXY", self.simulation.proxy()),
            ("HTTP_PROXY", self.simulation.proxy()),
        ]
    }

    /// What was asked of them that they do not know.
    pub fn unknown(&self) -> Vec<String> {
        self.simulation.unknown()
    }

    /// End them.
    pub async fn stop(self) {
        // Whoever still hangs on a connection is not waited for: the process ends.
        let _in_time = tokio::time::timeout(PATIENCE, self.simulation.stop()).await;
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
}

fn write_releases(folder: &Path) -> io::Result<()> {
    for (name, bytes) in embedded::miniature() {
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// An error and what was beneath it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

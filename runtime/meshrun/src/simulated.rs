//! Simulated peers for a run: there before it starts, gone when it has ended.

use std::{path::PathBuf, sync::Arc, time::Duration};

use meshrun_host::{Failure, Permissions};
use meshrun_ops::{
    Environment, Settings, World,
    survey::{self, Notes, Survey},
};
use meshrun_sim::{Fault, Simulation, Start};
use tempfile::TempDir;

use crate::{cli::Simulator, releases::Releases};

/// Which contexts of the user's kubeconfig a script names.
pub type Named<'n> = &'n (dyn Fn(&str) -> bool + Sync);

/// How long the peers get to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Simulated peers, and the folder of what a run leaves with them: kubeconfig, home, releases.
pub struct Simulated {
    simulation: Simulation,
    folder: TempDir,
    /// What they start from, when that is what real peers have.
    pub start: Option<Notes>,
}

impl Simulated {
    /// Start them: empty, or with what the peers have that this environment and these settings lead to.
    ///
    /// # Errors
    /// When a fault is unknown, or nothing can be listened on.
    pub async fn start(
        how: &Simulator,
        environment: &Environment,
        settings: &Settings,
        from: Option<(Named<'_>, &Permissions)>,
    ) -> Result<Self, Failure> {
        let unusable = |text: String| Failure::new("sim::unusable", text);
        let folder = tempfile::Builder::new().prefix("meshrun-").tempdir();
        let folder = folder.map_err(|error| unusable(format!("cannot make a temporary folder: {error}")))?;
        std::fs::create_dir(folder.path().join("home"))
            .map_err(|error| unusable(format!("cannot make a home folder: {error}")))?;
        let faults: Result<Vec<Fault>, _> = how.faults.iter().map(|fault| fault.parse()).collect();
        let faults =
            faults.map_err(|error: meshrun_sim::Error| Failure::new("sim::unknown_fault", error.to_string()))?;
        let mut found = match from {
            Some((named, permissions)) => {
                Some(survey::survey(&World::new(environment.clone(), settings.clone()), permissions, named).await)
            }
            None => None,
        };
        let start: Option<Start> = found.as_mut().map(|found| std::mem::take(&mut found.start));
        let options = meshrun_sim::Options { seed: how.seed, faults, pace: how.pace, start, socket: None };
        let simulation = Simulation::start(options).await.map_err(|error| unusable(chain(&error)))?;
        let peers = Self { simulation, folder, start: found.as_ref().map(|found| found.notes.clone()) };
        peers.lead_contexts(found.as_ref()).await?;
        Ok(peers)
    }

    async fn lead_contexts(&self, found: Option<&Survey>) -> Result<(), Failure> {
        match found {
            Some(found) => found.write_kubeconfig(self.simulation.world(), &self.kubeconfig()).await,
            None => Ok(()),
        }
    }

    /// Lead everything that a run would reach to them, and keep it from what the user has.
    ///
    /// # Errors
    /// When the releases cannot be put at hand.
    pub fn furnish(&self, environment: &mut Environment, settings: &mut Settings) -> Result<(), Failure> {
        let releases = Releases::at_hand(environment, settings).furnish(&self.folder.path().join("releases"));
        let releases = releases
            .map_err(|error| Failure::new("sim::unusable", format!("cannot put the releases at hand: {error}")))?;
        for name in ["DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "NO_PROXY", "no_proxy"] {
            environment.variables.remove(name);
        }
        for (name, value) in self.variables() {
            environment.variables.insert(name.to_owned(), value);
        }
        let real_home = environment.home.replace(self.folder.path().join("home"));
        settings.docker_host = Some(self.simulation.docker_host());
        settings.kubeconfig = Some(self.kubeconfig());
        settings.proxy = Some(self.simulation.proxy());
        settings.release_dir = Some(releases);
        settings.real_home = real_home.filter(|_| self.start.is_some());
        settings.simulation = Some(Arc::clone(self.simulation.world()));
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

/// An error and what was beneath it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

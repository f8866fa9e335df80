//! The Docker engine of the run: looked for when it is first needed, and kept.

use meshrun_docker::{Docker, Environment, Where};
use meshrun_host::Failure;

use crate::World;

impl World {
    /// The engine: that of `--docker-host`, else the one that the `docker` command would use. A failure is not kept: the next
    /// call looks again.
    ///
    /// # Errors
    /// `docker::no_engine` with every place that was tried, and what is wrong with the docker client's files.
    pub async fn docker(&self) -> Result<Docker, Failure> {
        let wanted = || Where {
            host: self.settings.docker_host.clone(),
            context: None,
            environment: Environment {
                home: self.environment.home.clone(),
                ..Environment::from_vars(&self.environment.variables)
            },
        };
        let found = self.docker.get_or_try_init(|| async { Docker::connect(&wanted()).await }).await?;
        Ok(found.clone())
    }
}

//! A running simulation: its sockets, and how it ends.

use std::{path::PathBuf, sync::Arc};

use tempfile::TempDir;
use tokio::{
    net::{TcpListener, UnixListener},
    task::JoinHandle,
};

use crate::{Error, Fault, Pace, World, docker, proxy, start::Start};

/// How a simulation shall be.
#[derive(Debug, Default)]
pub struct Options {
    /// What chance follows from; the same seed gives the same identifiers, names and choices.
    pub seed: u64,
    /// What shall go wrong.
    pub faults: Vec<Fault>,
    /// How its time passes.
    pub pace: Pace,
    /// What it starts from; from nothing when absent.
    pub start: Option<Start>,
    /// Where the Docker engine listens; a socket in a temporary folder when absent.
    pub socket: Option<PathBuf>,
}

/// A running simulation. It ends with [`Simulation::stop`], or when it is dropped.
pub struct Simulation {
    world: Arc<World>,
    socket: PathBuf,
    proxy: String,
    tasks: Vec<JoinHandle<()>>,
    _folder: Option<TempDir>,
}

impl Simulation {
    /// Start one: a Docker engine on a Unix socket, and a proxy on 127.0.0.1 that leads to the addresses of its networks.
    ///
    /// # Errors
    /// When a socket cannot be listened on.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let world = World::new(options.seed, options.faults);
        world.clock.set_pace(options.pace);
        options.start.map_or(Ok(()), |start| world.load(start))?;
        let (socket, folder) = place(options.socket)?;
        let listener = UnixListener::bind(&socket).map_err(|source| Error::Socket { path: socket.clone(), source })?;
        let unheard = |source| Error::Listen { address: "127.0.0.1".to_owned(), source };
        let proxy = TcpListener::bind("127.0.0.1:0").await.map_err(unheard)?;
        let address = proxy.local_addr().map_err(unheard)?;
        let tasks = vec![
            tokio::spawn(docker::serve(Arc::clone(&world), listener)),
            tokio::spawn(proxy::serve(Arc::clone(&world), proxy)),
        ];
        Ok(Self { world, socket, proxy: format!("http://{address}"), tasks, _folder: folder })
    }

    /// Where the engine listens, as `DOCKER_HOST` wants it: `unix:///...`.
    #[must_use]
    pub fn docker_host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// The proxy that leads to the addresses of the simulated networks: `http://127.0.0.1:PORT`, for `HTTPS_PROXY` and `HTTP_PROXY`.
    #[must_use]
    pub fn proxy(&self) -> String {
        self.proxy.clone()
    }

    /// What clients asked for that the simulator does not know.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        self.world.recorder.all()
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// End it: nobody listens any more, containers and clusters are gone.
    pub async fn stop(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            let _ended = task.await; // what a task that was aborted says is that it was aborted
        }
    }

    fn end(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        for cluster in self.world.clusters() {
            self.world.remove_cluster(cluster.name());
        }
        self.world.engine.end();
        let _gone = std::fs::remove_file(&self.socket); // it may have been removed by somebody else
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.end();
    }
}

fn place(socket: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), Error> {
    if let Some(socket) = socket {
        return Ok((socket, None));
    }
    let unmade = |source| Error::Socket { path: std::env::temp_dir(), source };
    let folder = tempfile::Builder::new().prefix("meshrun-sim-").tempdir().map_err(unmade)?;
    Ok((folder.path().join("docker.sock"), Some(folder)))
}

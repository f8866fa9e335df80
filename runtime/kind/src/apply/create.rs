//! A cluster, made so: found as it shall be, finished, or made anew.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, try_join_all},
};
use meshrun_docker::{Docker, Info};
use meshrun_terms::{Image, Progress, Steps, Timeout};
use tokio::sync::watch;

use super::{
    addons, clean,
    deadline::Deadline,
    existing::{self, Found},
    images, join, lock, network, node,
    probe::{self, NodeImage},
    ready,
};
use crate::{
    Error,
    cluster::{self, Cluster},
    config::{Config, Node, NodeSubnets, Role},
    plan::{container::Surroundings, names, shape, subnets},
};

/// The cluster after [`create`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Created {
    /// The cluster.
    #[serde(flatten)]
    pub cluster: Cluster,
    /// Whether anything was made or started; not so for one that was there and ready.
    pub changed: bool,
}

/// Make it so that the cluster exists, and its nodes are ready.
///
/// A cluster of the same shape that is there is returned, also one that the `kind` command has made (of that only what can be seen is
/// compared: nodes, images, network, the API server's address). One that was left unfinished is finished, or removed and made anew; so it
/// does not matter at which moment an earlier creation was interrupted. One that does not run is started. When the creation fails, what
/// it has made is removed, unless `retain` is set.
///
/// Dropping the call leaves an unfinished cluster: run it again, or call [`clean_up`](crate::clean_up).
///
/// # Errors
/// `kind::other_shape` naming every difference; `kind::boot`, `kind::kubeadm`, `kind::not_ready` with evidence, `kind::no_subnet`,
/// `kind::no_node_image`, `kind::unfit_engine`, `docker::port_taken`, those of pulling images, and others.
pub async fn create(docker: &Docker, config: &Config, timeout: Timeout, steps: &Steps) -> Result<Created, Error> {
    let done = create_unless(docker, config, timeout, steps, std::future::pending()).await?;
    done.ok_or_else(|| Error::Invalid { problems: vec!["it was cancelled, though nobody can".to_owned()] })
}

/// The same as [`create`], until it is cancelled: then what it has made is removed, unless `retain` is set, and there is no cluster. Only
/// the creation whose turn it is removes something, so that another one of the same cluster goes on.
///
/// # Errors
/// As [`create`].
pub async fn create_unless(
    docker: &Docker,
    config: &Config,
    timeout: Timeout,
    steps: &Steps,
    cancelled: impl Future<Output = ()>,
) -> Result<Option<Created>, Error> {
    let deadline = Deadline::new(timeout);
    let (steps, last) = remembering(steps);
    let mut cancelled = pin!(cancelled);
    let _turn = tokio::select! {
        turn = lock::take(config, docker.host(), &deadline, &steps) => turn?,
        () = &mut cancelled => return Ok(None),
    };
    let work = tokio::time::timeout(timeout.duration() + GRACE.duration(), turn(docker, config, &deadline, &steps));
    let done = tokio::select! {
        done = work => Some(done),
        () = &mut cancelled => None,
    };
    if let Some(Ok(done)) = done {
        return done.map(Some);
    }
    if !config.retain {
        clean::clean_up(docker, &config.name).await?;
    }
    if done.is_none() {
        return Ok(None);
    }
    let last = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Err(Error::Timeout { what: format!("creating cluster `{}`", config.name), timeout, last: vec![last] })
}

/// How much longer the whole may take than its steps, which all end by themselves and have evidence to tell.
const GRACE: Timeout = Timeout::seconds(30);

/// The same steps, and the last thing that they told.
fn remembering(steps: &Steps) -> (Steps, Arc<Mutex<String>>) {
    let last = Arc::new(Mutex::new(String::new()));
    let (told, inner) = (Arc::clone(&last), steps.clone());
    let steps = Steps::new(move |progress| {
        if let Progress::Doing(what) | Progress::Waiting { what, .. } = &progress {
            what.clone_into(&mut told.lock().unwrap_or_else(PoisonError::into_inner));
        }
        inner.tell(progress);
    });
    (steps, last)
}

async fn turn(docker: &Docker, config: &Config, deadline: &Deadline, steps: &Steps) -> Result<Created, Error> {
    let changed = match existing::look(docker, config).await? {
        Found::Ready => false,
        Found::Stopped => {
            crate::power::start(docker, &config.name, deadline.left(), steps).await?;
            true
        }
        Found::Unready => {
            ready::wait(docker, config, deadline, steps).await?;
            false
        }
        Found::Unfinished => {
            finish(docker, config, deadline, steps).await?;
            true
        }
        Found::Debris => {
            steps.warning(format!("cluster {} was left unfinished; it is made anew", config.name));
            clean::remove_all(docker, &config.name).await?;
            make(docker, config, deadline, steps).await?;
            true
        }
        Found::Nothing => {
            make(docker, config, deadline, steps).await?;
            true
        }
    };
    Ok(Created { cluster: cluster::get(docker, &config.name).await?, changed })
}

/// The steps after every node has joined; each of them may have been done already.
async fn finish(docker: &Docker, config: &Config, deadline: &Deadline, steps: &Steps) -> Result<(), Error> {
    steps.doing(format!("finishing cluster {}", config.name));
    let run = Run::prepare(docker, config, deadline, steps).await?;
    let plans = join::plans_subnets(&run).await?;
    let labelled = (0..config.nodes.len()).map(|index| addons::label(&run, index, plans));
    futures::try_join!(addons::install(&run), try_join_all(labelled))?;
    ready::wait(docker, config, deadline, steps).await?;
    steps.changed(format!("finished cluster {}", config.name));
    Ok(())
}

/// Make a cluster of which nothing is there, and remove it again when that fails.
async fn make(docker: &Docker, config: &Config, deadline: &Deadline, steps: &Steps) -> Result<(), Error> {
    let made = build(docker, config, deadline, steps).await;
    if made.is_err() && !config.retain {
        steps.doing(format!("removing what was made of cluster {}", config.name));
        if let Err(error) = clean::clean_up(docker, &config.name).await {
            steps.warning(format!("what was made of cluster {} could not be removed: {error}", config.name));
        }
    }
    made
}

async fn build(docker: &Docker, config: &Config, deadline: &Deadline, steps: &Steps) -> Result<(), Error> {
    steps.doing(format!("preparing cluster {}", config.name));
    let run = Run::prepare(docker, config, deadline, steps).await?;
    steps.doing(format!("starting the nodes of cluster {}", config.name));
    let mut tasks: Vec<BoxFuture<'_, Result<(), Error>>> =
        (0..config.nodes.len()).map(|index| one_node(&run, index).boxed()).collect();
    if config.has_load_balancer() {
        tasks.push(balancer(&run).boxed());
    }
    try_join_all(tasks).await?;
    ready::wait(docker, config, deadline, steps).await
}

async fn balancer(run: &Run<'_>) -> Result<(), Error> {
    let address = node::load_balancer_up(run).await?;
    run.balancer.send_replace(Some(address));
    Ok(())
}

/// A node's way: its container, then kubeadm when it is its turn, then what the API server shall know of it.
async fn one_node(run: &Run<'_>, index: usize) -> Result<(), Error> {
    let rendered = node::up(run, index).await?;
    if index == run.bootstrap {
        if !rendered.unused_patches.is_empty() {
            let patches = rendered.unused_patches.join(", ");
            run.steps.warning(format!("kubeadm patches fit nothing: {patches}"));
        }
        let secrets = join::init(run).await?;
        run.initialized.send_replace(Some(join::Initialized { secrets, plans_subnets: rendered.plans_subnets }));
        futures::try_join!(addons::install(run), addons::label(run, index, rendered.plans_subnets))?;
        return Ok(());
    }
    let initialized = run.initialized().await;
    join::join(run, index, &initialized).await?;
    addons::label(run, index, initialized.plans_subnets).await
}

/// Everything that the steps of a creation share.
pub struct Run<'a> {
    pub docker: &'a Docker,
    pub config: &'a Config,
    pub deadline: &'a Deadline,
    pub steps: &'a Steps,
    pub surroundings: Surroundings,
    /// The shape, as the label has it.
    pub shape: String,
    pub balancer_image: Image,
    /// The names of the nodes, in the configuration's order.
    pub names: Vec<String>,
    /// Which node is initialised first.
    pub bootstrap: usize,
    /// The subnets of each node's pods, when they are planned.
    pub node_subnets: Option<Vec<Vec<String>>>,
    /// One control plane joins after the other.
    pub joining: tokio::sync::Mutex<()>,
    images: BTreeMap<String, NodeImage>,
    balancer: watch::Sender<Option<IpAddr>>,
    initialized: watch::Sender<Option<join::Initialized>>,
}

impl<'a> Run<'a> {
    /// Images, network and what must be known of them, side by side.
    async fn prepare(
        docker: &'a Docker,
        config: &'a Config,
        deadline: &'a Deadline,
        steps: &'a Steps,
    ) -> Result<Self, Error> {
        let images = async {
            let balancer_image = images::ensure(docker, config, deadline, steps).await?;
            Ok::<_, Error>((balancer_image, probed(docker, config).await?))
        };
        let info = async {
            let info = meshrun_docker::info(docker).await?;
            check_engine(&info)?;
            Ok(info)
        };
        let ((balancer_image, images), network, info) =
            futures::try_join!(images, network::ensure(docker, &config.network, steps), info)?;
        let mut surroundings = Surroundings::of(&info);
        surroundings.network_subnets = network.subnets.iter().map(|one| one.subnet).collect();
        if let Some(machine) = docker.machine() {
            surroundings.api_address = Some(Ipv4Addr::UNSPECIFIED.into());
            surroundings.extra_san = Some(machine.to_owned());
        }
        let copes = images.iter().filter(|(_, image)| image.private_cgroups);
        surroundings.private_cgroup_images = copes.map(|(name, _)| name.clone()).collect();
        let planned = config.node_subnets == NodeSubnets::Planned;
        Ok(Self {
            docker,
            config,
            deadline,
            steps,
            surroundings,
            shape: shape::of_config(config).to_string(),
            balancer_image,
            names: names::nodes(config),
            bootstrap: config.nodes.iter().position(|node| node.role == Role::ControlPlane).unwrap_or(0),
            node_subnets: planned
                .then(|| subnets::node_subnets(&config.networking.pod_subnet, config.nodes.len()))
                .flatten(),
            joining: tokio::sync::Mutex::new(()),
            images,
            balancer: watch::Sender::new(None),
            initialized: watch::Sender::new(None),
        })
    }

    /// What the image of a node has in it.
    pub fn image_of(&self, node: &Node) -> Result<&NodeImage, Error> {
        self.images.get(node.image.as_str()).ok_or_else(|| Error::NoNodeImage {
            image: node.image.to_string(),
            reason: "nobody has looked into it".to_owned(),
        })
    }

    /// The names of the nodes of a role.
    pub fn names_of(&self, role: Role) -> impl Iterator<Item = &String> {
        self.names.iter().zip(&self.config.nodes).filter(move |(_, node)| node.role == role).map(|(name, _)| name)
    }

    /// The name of the node that is initialised first, on which commands for the whole cluster run.
    pub fn bootstrap_name(&self) -> &str {
        self.names.get(self.bootstrap).map_or("", String::as_str)
    }

    /// The load balancer's address, once it is up; none without one.
    pub async fn balancer_address(&self) -> Option<IpAddr> {
        if !self.config.has_load_balancer() {
            return None;
        }
        // The sender lives as long as this, so there is always an answer.
        self.balancer.subscribe().wait_for(Option::is_some).await.ok().and_then(|address| *address)
    }

    /// What joining nodes need, once the first control plane is initialised.
    async fn initialized(&self) -> join::Initialized {
        let mut receiver = self.initialized.subscribe();
        // The sender lives as long as this, so there is always an answer.
        let found = receiver.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        found.unwrap_or_default()
    }
}

/// What the images of the nodes have in them, by name.
async fn probed(docker: &Docker, config: &Config) -> Result<BTreeMap<String, NodeImage>, Error> {
    let wanted: BTreeMap<&str, &Image> = config.nodes.iter().map(|node| (node.image.as_str(), &node.image)).collect();
    let looking = wanted.into_values().map(|image| async {
        let found = probe::look(docker, &config.name, image).await?;
        Ok::<_, Error>((image.to_string(), found))
    });
    Ok(try_join_all(looking).await?.into_iter().collect())
}

/// Engines that cannot run nodes are told apart before anything is made.
fn check_engine(info: &Info) -> Result<(), Error> {
    let unfit = |reason: &str, help| Err(Error::UnfitEngine { reason: reason.to_owned(), help });
    if !info.rootless {
        return Ok(());
    }
    if info.cgroup_version != 2 {
        return unfit(
            "it runs without root and its machine has control groups of version 1",
            "boot the machine with systemd.unified_cgroup_hierarchy=1",
        );
    }
    let counts = info.cgroup_driver != "none";
    if !(counts && info.memory_limit && info.pids_limit && info.cpu_limit) {
        return unfit(
            "it runs without root and may not limit memory, processes and processors",
            "let systemd delegate the controllers: Delegate=yes for user@.service",
        );
    }
    Ok(())
}

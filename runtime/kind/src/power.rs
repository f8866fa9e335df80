//! Stopping clusters and starting them again.

use std::{net::Ipv4Addr, time::Duration};

use futures::future::try_join_all;
use meshrun_docker::{Container, Docker, Error as Engine, archive, containers};
use meshrun_terms::{Steps, Timeout};

use crate::{
    Error,
    apply::{deadline::Deadline, exec, ready},
    cluster::{existing_containers, first_control_plane, role_of},
    config::Role,
    plan::kubeadm,
};

/// How long a node may take to stop before it is killed.
const STOP: Timeout = Timeout::seconds(20);

/// Stop a cluster: workers first, then control planes, then the load balancer. One that is stopped is left alone. Returns whether
/// anything was stopped.
///
/// # Errors
/// `kind::no_cluster`.
pub async fn stop(docker: &Docker, cluster: &str, steps: &Steps) -> Result<bool, Error> {
    let all = existing_containers(docker, cluster).await?;
    steps.doing(format!("stopping cluster {cluster}"));
    let mut stopped = false;
    for role in [Some(Role::Worker), None, Some(Role::ControlPlane), Some(Role::LoadBalancer)] {
        let group = all.iter().filter(|one| role_of(one) == role);
        let done = try_join_all(group.map(|one| containers::stop(docker, &one.id, STOP))).await?;
        stopped |= done.contains(&true);
    }
    if stopped {
        steps.changed(format!("stopped cluster {cluster}"));
    }
    Ok(stopped)
}

/// Start a cluster: the load balancer and the control planes first, then the workers, and wait until all nodes are ready. One that runs
/// is only waited for. Returns whether anything was started.
///
/// The engine gives out addresses in the order of starts, so nodes are started in the order of the addresses they had: then they mostly have the
/// same again. Images of kind also cope with another address, where there is one control plane.
///
/// # Errors
/// `kind::no_cluster`; `kind::not_ready` with evidence; `docker::port_taken` when something else listens where it did.
pub async fn start(docker: &Docker, cluster: &str, timeout: Timeout, steps: &Steps) -> Result<bool, Error> {
    let deadline = Deadline::new(timeout);
    let all = existing_containers(docker, cluster).await?;
    let mut order = Vec::new();
    for container in &all {
        order.push((rank(container), former_address(docker, container).await?, container));
    }
    order.sort_by_key(|(rank, address, container)| (*rank, *address, container.name.clone()));
    steps.doing(format!("starting cluster {cluster}"));
    let mut started = false;
    for (_, before, container) in order {
        if !containers::start(docker, &container.id).await? {
            continue;
        }
        started = true;
        steps.changed(format!("started container {}", container.name));
        warn_of_move(docker, container, before, steps).await?;
    }
    wait(docker, cluster, &all, &deadline, steps).await?;
    Ok(started)
}

fn rank(container: &Container) -> u8 {
    match role_of(container) {
        Some(Role::LoadBalancer) => 0,
        Some(Role::ControlPlane) => 1,
        _ => 2,
    }
}

/// The address that kubeadm's configuration on the node names.
async fn former_address(docker: &Docker, container: &Container) -> Result<Option<Ipv4Addr>, Error> {
    let text = match archive::read_file(docker, &container.id, kubeadm::PATH).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(Engine::NoPath { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let documents = meshrun_yaml::parse_all(&text).unwrap_or_default(); // an unreadable file names no address
    let init = documents.iter().find(|one| one["kind"] == "InitConfiguration");
    Ok(init.and_then(|one| one["localAPIEndpoint"]["advertiseAddress"].as_str()?.parse().ok()))
}

async fn warn_of_move(
    docker: &Docker,
    container: &Container,
    before: Option<Ipv4Addr>,
    steps: &Steps,
) -> Result<(), Error> {
    let Some(before) = before else { return Ok(()) };
    let now = containers::inspect(docker, &container.id).await?;
    let addresses: Vec<Ipv4Addr> = now.networks.values().filter_map(|place| place.ipv4).collect();
    if !addresses.contains(&before) {
        let now = addresses.first().map_or_else(|| "none".to_owned(), ToString::to_string);
        steps.warning(format!("node {} had the address {before} and has {now} now", container.name));
    }
    Ok(())
}

/// Wait until the API server answers and says that all nodes that run are ready.
async fn wait(
    docker: &Docker,
    cluster: &str,
    all: &[Container],
    deadline: &Deadline,
    steps: &Steps,
) -> Result<(), Error> {
    let bootstrap = first_control_plane(cluster, all)?;
    let nodes = all.iter().filter(|one| matches!(role_of(one), Some(Role::ControlPlane | Role::Worker))).count();
    let mut seen = "the API server does not answer".to_owned();
    loop {
        // A node that has been started is called ready until the controllers find out that its kubelet is silent; so the kubelets are asked too.
        let answer = exec::shell(docker, &bootstrap.id, ready::STATES, &[], None, deadline.left()).await;
        if let Ok(output) = &answer
            && output.code == 0
        {
            let ready = output.lines().iter().filter(|line| line.ends_with(" True")).count();
            if ready >= nodes && kubelets_answer(docker, all, deadline).await {
                return Ok(());
            }
            seen = format!("{ready} of {nodes} nodes ready");
        }
        if deadline.is_over() {
            return Err(Error::NotReady {
                cluster: cluster.to_owned(),
                timeout: deadline.timeout(),
                evidence: vec![seen],
            });
        }
        steps.waiting(format!("cluster {cluster}"), &seen);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn kubelets_answer(docker: &Docker, all: &[Container], deadline: &Deadline) -> bool {
    let nodes = all.iter().filter(|one| matches!(role_of(one), Some(Role::ControlPlane | Role::Worker)));
    let asked = nodes.map(|one| async {
        let script = "systemctl is-active --quiet kubelet.service";
        let answer = exec::shell(docker, &one.id, script, &[], None, deadline.at_most(Timeout::seconds(10))).await;
        answer.is_ok_and(|output| output.code == 0)
    });
    futures::future::join_all(asked).await.into_iter().all(|active| active)
}

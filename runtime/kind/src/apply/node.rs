//! From a plan to a node that has booted.

use std::{net::IpAddr, time::Duration};

use meshrun_docker::{Container, ContainerSpec, Docker, Error as Engine, Remove, archive, containers, logs};
use meshrun_terms::{Port, Timeout};

use super::{create::Run, ports};
use crate::{
    Error,
    config::{HostPort, Node, Role},
    plan::{container, containerd, haproxy, kubeadm, names},
};

/// How long a node may take to boot; kind gives it half of this.
const BOOT: Timeout = Timeout::seconds(60);
/// How often other ports are chosen when one that was free has been taken in the last moment.
const PORT_ATTEMPTS: usize = 5;

/// Make the container of a node, write its files, start it and wait until it has booted.
///
/// # Errors
/// `kind::boot` with the last lines of its log; `docker::port_taken`; `kind::bad_patch`, and others.
pub async fn up(run: &Run<'_>, index: usize) -> Result<kubeadm::Rendered, Error> {
    let (node, name) = (&run.config.nodes[index], &run.names[index]);
    let files = files(run, node, name)?;
    let wanted = container::host_ports(run.config, &run.surroundings, node);
    let made = make(run, &wanted, &files, |ports| {
        container::node(run.config, &run.surroundings, &run.shape, node, name, ports).map_err(crate::bug)
    });
    let there = made.await?;
    let booting = boot(run.docker, name, run.deadline.at_most(BOOT));
    let (rendered, ()) = futures::try_join!(configure(run, node, &there), booting)?;
    Ok(rendered)
}

/// Make the load balancer and start it. Returns its address in the network.
///
/// # Errors
/// `docker::port_taken`, and others.
pub async fn load_balancer_up(run: &Run<'_>) -> Result<IpAddr, Error> {
    let config = run.config;
    let wanted = [(container::api_address(config, &run.surroundings), config.networking.api_server_port)];
    let planes: Vec<String> = run.names_of(Role::ControlPlane).cloned().collect();
    let text = haproxy::config(&planes, config.networking.ip_family);
    let files = [(haproxy::PATH.to_owned(), text)];
    let there = make(run, &wanted, &files, |ports| {
        let port = ports.first().copied().flatten();
        container::load_balancer(config, &run.surroundings, &run.shape, run.balancer_image.clone(), port)
            .map_err(crate::bug)
    })
    .await?;
    addresses(&there, &config.network).into_iter().next().ok_or_else(|| Error::Boot {
        node: there.name.clone(),
        reason: format!("it has no address in network `{}`", config.network),
        help: "look at its log".to_owned(),
        last: Vec::new(),
    })
}

/// The addresses of a container in the network, IPv4 first.
pub fn addresses(container: &Container, network: &str) -> Vec<IpAddr> {
    let Some(place) = container.networks.get(network) else { return Vec::new() };
    place.ipv4.map(IpAddr::from).into_iter().chain(place.ipv6.map(IpAddr::from)).collect()
}

/// What is written to a node before it starts: containerd reads it at its first start then.
fn files(run: &Run<'_>, node: &Node, name: &str) -> Result<Vec<(String, String)>, Error> {
    if !containerd::is_patched(run.config) {
        return Ok(Vec::new());
    }
    let mut files = containerd::hosts_files(run.config);
    let own = run.image_of(node)?.containerd.as_deref().unwrap_or("version = 2\n");
    let patched = containerd::patched(run.config, name, own)?;
    files.extend(patched.map(|text| (containerd::PATH.to_owned(), text)));
    Ok(files)
}

/// Create a container, write files to it, start it. When a port that was chosen here has been taken meanwhile, another one is chosen.
async fn make(
    run: &Run<'_>,
    wanted: &[(IpAddr, HostPort)],
    files: &[(String, String)],
    spec: impl Fn(&[Option<Port>]) -> Result<ContainerSpec, Error>,
) -> Result<Container, Error> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let mut chosen = ports::choose(run.docker, wanted);
        let spec = spec(&chosen.ports)?;
        let name = spec.name.clone().unwrap_or_default();
        let id = created(run, &spec).await?;
        for (path, text) in files {
            archive::write_file(run.docker, &id, path, text.as_bytes(), 0o644).await?;
        }
        chosen.release();
        match containers::start(run.docker, &id).await {
            Ok(_) => {
                run.steps.changed(format!("created container {name}"));
                return Ok(containers::inspect(run.docker, &id).await?);
            }
            Err(error) => {
                containers::remove(run.docker, &id, Remove { force: true, volumes: true }).await?;
                let again = matches!(error, Engine::PortTaken { .. }) && chosen.is_free_choice;
                if !again || attempt == PORT_ATTEMPTS {
                    return Err(started(&name, error));
                }
            }
        }
    }
}

fn started(name: &str, error: Engine) -> Error {
    let text = format!("{error} {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
    if text.contains("no space left on device") {
        return Error::NoSpace { act: format!("starting container `{name}`"), lines: Vec::new() };
    }
    error.into()
}

/// Create a container. A name may be taken by a container that an interrupted creation of the same cluster has asked for, which appears
/// only when the engine is done with it: it is awaited and removed.
async fn created(run: &Run<'_>, spec: &ContainerSpec) -> Result<String, Error> {
    let name = spec.name.as_deref().unwrap_or_default();
    loop {
        let by = match containers::create(run.docker, spec).await {
            Err(Engine::NameTaken { by, .. }) => by,
            Err(error) => return Err(started(name, error)),
            Ok(id) => return Ok(id),
        };
        match containers::find(run.docker, name).await? {
            Some(there) if there.labels.contains_key(names::SHAPE_LABEL) => {
                containers::remove(run.docker, &there.id, Remove { force: true, volumes: true }).await?;
            }
            Some(_) => {
                return Err(Error::NameTaken { cluster: run.config.name.to_string(), container: name.to_owned() });
            }
            None if run.deadline.is_over() => {
                let what = format!("waiting for the engine to be done with {by}, which has the name `{name}`");
                return Err(Error::Timeout { what, timeout: run.deadline.timeout(), last: Vec::new() });
            }
            None => {
                run.steps.waiting(format!("container {name}"), "the engine still makes one for an earlier creation");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Write kubeadm's configuration, while the node boots.
async fn configure(run: &Run<'_>, node: &Node, there: &Container) -> Result<kubeadm::Rendered, Error> {
    let config = run.config;
    let balancer = run.balancer_address().await;
    let api_names = [Some(container::api_address(config, &run.surroundings).to_string())]
        .into_iter()
        .chain([run.surroundings.extra_san.clone(), balancer.map(|address| address.to_string())])
        .flatten()
        .collect();
    let facts = kubeadm::Facts {
        name: there.name.clone(),
        version: run.image_of(node)?.version.clone(),
        addresses: addresses(there, &config.network),
        rootless: run.surroundings.rootless,
        cgroup_v1: run.surroundings.cgroup_v1,
        api_names,
    };
    let rendered = kubeadm::render(config, node, &facts, run.node_subnets.is_some())?;
    archive::write_file(run.docker, &there.id, kubeadm::PATH, rendered.text.as_bytes(), 0o644).await?;
    Ok(rendered)
}

/// Wait until a node has booted: only then may commands be run in it, for on control groups of version 2 they would get into systemd's way.
///
/// # Errors
/// `kind::boot` with the last lines of its log and, for known ones, what to do.
pub async fn boot(docker: &Docker, name: &str, timeout: Timeout) -> Result<(), Error> {
    let what = format!("the boot of node `{name}`");
    match logs::wait_for(docker, name, &what, has_booted, timeout).await {
        Ok(_) => Ok(()),
        Err(Engine::Ended { state, last, .. }) => {
            Err(Error::Boot { node: name.to_owned(), reason: format!("it {state}"), help: hint(&last), last })
        }
        Err(Engine::Timeout { timeout, last, .. }) => {
            let reason = format!("no sign of it after {timeout}");
            Err(Error::Boot { node: name.to_owned(), reason, help: hint(&last), last })
        }
        Err(error) => Err(error.into()),
    }
}

/// The line with which systemd says that it is up, or the entrypoint that there is nothing to wait for.
fn has_booted(line: &str) -> bool {
    let target = line.split_once("Reached target ").is_some_and(|(_, rest)| rest.contains("Multi-User System"));
    target || line.contains("detected cgroup v1")
}

/// What to do about known last words of a node.
fn hint(last: &[String]) -> String {
    let text = last.join("\n").to_lowercase();
    let known = [
        (
            "too many open files",
            "raise the host's limits: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
        ),
        (
            "failed to allocate manager object",
            "raise the host's limits: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
        ),
        ("no space left on device", "free some disk: `docker system df` shows what the engine keeps"),
        ("exec format error", "the image is for another processor; choose one for this machine"),
        ("delegate", "a rootless engine needs all cgroup controllers: Delegate=yes for its user service"),
        ("/sys/fs/cgroup", "the engine's control groups do not suit the image; a newer node image may help"),
        ("cgroup", "the engine's control groups do not suit the image; a newer node image may help"),
        ("ip6tables", "load the kernel module ip6_tables on the engine's machine"),
    ];
    let found = known.iter().find(|(words, _)| text.contains(words)).map(|(_, help)| *help);
    found.unwrap_or("its last lines tell why; too small limits of inotify are the most frequent reason").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_of_life_is_found_between_colours() {
        assert!(has_booted("[\u{1b}[0;32m  OK  \u{1b}[0m] Reached target \u{1b}[0;1;39mMulti-User System\u{1b}[0m."));
        assert!(has_booted("INFO: detected cgroup v1"));
        assert!(!has_booted("Reached target Basic System."));
    }

    #[test]
    fn known_last_words_have_a_remedy() {
        assert!(hint(&["Failed to create inotify object: Too many open files".into()]).contains("fs.inotify"));
        assert!(hint(&["something".into()]).starts_with("its last lines"));
    }
}

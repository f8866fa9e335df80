//! Containers: create, start, stop, remove, inspect, list.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use bollard::{
    errors::Error as Api,
    models::{ContainerInspectResponse, EndpointSettings, MountPoint, PortMap},
    query_parameters::{
        CreateContainerOptionsBuilder, KillContainerOptionsBuilder, ListContainersOptionsBuilder,
        RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder, StopContainerOptionsBuilder,
        WaitContainerOptionsBuilder,
    },
};
use futures::{StreamExt, stream};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{ContainerSpec, Docker, Error, Protocol, classify::Subject, spec};

/// A container as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Container {
    /// The whole id.
    pub id: String,
    /// The name, without the engine's leading slash.
    pub name: String,
    /// The image as it was named at creation.
    pub image: String,
    /// The id of the image.
    pub image_id: String,
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub state: String,
    /// The code it ended with; none while it runs or before it ran.
    pub exit_code: Option<i64>,
    /// When it was started last, in RFC 3339; none before.
    pub started_at: Option<String>,
    /// Whether it has a terminal, so that its log is one raw stream.
    pub tty: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// The networks it is in, by name.
    pub networks: BTreeMap<String, Attachment>,
    /// The ports that the host publishes now; none while it is stopped.
    pub ports: Vec<Published>,
    /// What is mounted.
    pub mounts: Vec<Mount>,
}

impl Container {
    /// Whether its processes run; a paused container counts.
    pub fn is_running(&self) -> bool {
        self.state == "running" || self.state == "paused"
    }

    /// The host's address and port for a port of the container.
    pub fn published(&self, container_port: u16, protocol: Protocol) -> Option<&Published> {
        self.ports.iter().find(|port| port.container_port == container_port && port.protocol == protocol)
    }
}

/// A container's place in a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// The id of the network.
    pub network_id: String,
    /// Its IPv4 address; none while it is stopped.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address; none while it is stopped or when the network has no IPv6.
    pub ipv6: Option<Ipv6Addr>,
    /// The network's IPv4 gateway.
    pub gateway: Option<IpAddr>,
    /// The network's IPv6 gateway.
    pub gateway_ipv6: Option<IpAddr>,
    /// More names for it in this network.
    pub aliases: Vec<String>,
}

/// A port that the host publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The address the host listens on.
    pub host_ip: Option<IpAddr>,
    /// The port of the host.
    pub host_port: u16,
    /// The port in the container.
    pub container_port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// Something that is mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// The volume's name, when it is a volume.
    pub volume: Option<String>,
    /// The path on the engine's machine.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// Whether the container may write there.
    pub writable: bool,
}

/// Create a container; it does not run yet. Returns its id.
///
/// The image must be on the engine. With anonymous volumes the engine copies the image's files before it answers, which takes
/// long for large images.
///
/// # Errors
/// `docker::name_taken` with the id of the container that has the name, `docker::no_image`, `docker::no_network`,
/// `docker::bad_spec`.
pub async fn create(docker: &Docker, spec: &ContainerSpec) -> Result<String, Error> {
    let mut options = CreateContainerOptionsBuilder::new();
    if let Some(name) = &spec.name {
        checked_name(name)?;
        options = options.name(name);
    }
    if let Some(platform) = &spec.platform {
        options = options.platform(platform);
    }
    let subject = Subject::Container(spec.name.as_deref().unwrap_or(spec.image.as_str()));
    let created = docker.patient().create_container(Some(options.build()), spec::body(spec)?).await;
    created.map(|created| created.id).map_err(|error| Error::about("create", subject, error))
}

/// Start a container; one that runs already is left alone. Returns whether it was started.
///
/// # Errors
/// `docker::no_container`; `docker::port_taken` with the address and, when a container has it, its name.
pub async fn start(docker: &Docker, container: &str) -> Result<bool, Error> {
    checked_name(container)?;
    if inspect(docker, container).await?.state == "running" {
        return Ok(false);
    }
    match docker.patient().start_container(container, None).await {
        Ok(()) => Ok(true),
        Err(error) => Err(with_holder(docker, Error::about("start", Subject::Container(container), error)).await),
    }
}

/// The label that remembers a container's specification, as the SHA-256 of its JSON.
const SPECIFICATION: &str = "io.meshrun.specification";

/// Make sure that there is a container of this specification; it need not run. Returns its id and whether it was created. A
/// container of its name that was made here from the same specification is left alone; without a name there is always a new one.
///
/// # Errors
/// As [`create`]; `docker::name_taken` when something else made the container, `docker::differs` when it was made from another
/// specification.
pub async fn ensure(docker: &Docker, spec: &ContainerSpec) -> Result<(String, bool), Error> {
    let wanted = fingerprint(spec)?;
    let there = match &spec.name {
        Some(name) => find(docker, name).await?,
        None => None,
    };
    let Some(there) = there else {
        let mut spec = spec.clone();
        spec.labels.insert(SPECIFICATION.to_owned(), wanted);
        return create(docker, &spec).await.map(|id| (id, true));
    };
    match there.labels.get(SPECIFICATION) {
        Some(found) if *found == wanted => Ok((there.id, false)),
        Some(found) => Err(Error::Differs {
            subject: format!("container `{}`", there.name),
            aspect: "a specification",
            expected: wanted,
            found: found.clone(),
        }),
        None => Err(Error::NameTaken { name: there.name, by: format!("container {}", short(&there.id)) }),
    }
}

/// What tells two specifications apart.
fn fingerprint(spec: &ContainerSpec) -> Result<String, Error> {
    let subject = Subject::Container(spec.name.as_deref().unwrap_or(spec.image.as_str()));
    let text =
        serde_json::to_vec(spec).map_err(|error| Error::about("write the specification of", subject, error.into()))?;
    Ok(Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// An id as people see it.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Create a container and start it. When the start fails the container is removed again. Returns its id.
///
/// # Errors
/// As [`create`] and [`start`].
pub async fn run(docker: &Docker, spec: &ContainerSpec) -> Result<String, Error> {
    let id = create(docker, spec).await?;
    if let Err(error) = start(docker, &id).await {
        // The failed start is the error to tell; a container that stays behind is in nobody's way but its name's.
        let _ = remove(docker, &id, Remove { force: true, volumes: true }).await;
        return Err(error);
    }
    Ok(id)
}

/// Name the container that holds the port of the error.
async fn with_holder(docker: &Docker, error: Error) -> Error {
    let Error::PortTaken { address, holder: None } = error else { return error };
    // The holder is a courtesy: without it the error still names the port.
    let all = list(docker, &Filter { running: true, ..Filter::default() }).await.unwrap_or_default();
    let holder = all.into_iter().find(|one| one.ports.iter().any(|port| collides(port, &address)));
    Error::PortTaken { address, holder: holder.map(|one| one.name) }
}

/// Whether a published port is in the way of `address:port`; the unspecified address stands for all.
fn collides(published: &Published, address: &str) -> bool {
    let Some((wanted, port)) = address.rsplit_once(':') else { return false };
    let wanted: Option<IpAddr> = wanted.trim_matches(['[', ']']).parse().ok();
    let all = |address: Option<IpAddr>| address.is_none_or(|address| address.is_unspecified());
    let same_port = port.parse() == Ok(published.host_port);
    same_port && (all(wanted) || all(published.host_ip) || wanted == published.host_ip)
}

/// Ask a container to end, and kill it when it has not after the grace period. Returns whether it ran.
///
/// # Errors
/// `docker::no_container`.
pub async fn stop(docker: &Docker, container: &str, grace: Timeout) -> Result<bool, Error> {
    if !inspect(docker, container).await?.is_running() {
        return Ok(false);
    }
    let options = StopContainerOptionsBuilder::new().t(seconds(grace)).build();
    let done = docker.patient().stop_container(container, Some(options)).await;
    done.map(|()| true).map_err(|error| Error::about("stop", Subject::Container(container), error))
}

/// Send a signal, `SIGKILL` or any other, to a container's first process.
///
/// # Errors
/// `docker::no_container`, `docker::not_running`.
pub async fn kill(docker: &Docker, container: &str, signal: &str) -> Result<(), Error> {
    checked_name(container)?;
    let options = KillContainerOptionsBuilder::new().signal(signal).build();
    let done = docker.api().kill_container(container, Some(options)).await;
    done.map_err(|error| Error::about("kill", Subject::Container(container), error))
}

/// Stop a container, if it runs, and start it.
///
/// # Errors
/// `docker::no_container`, `docker::port_taken`.
pub async fn restart(docker: &Docker, container: &str, grace: Timeout) -> Result<(), Error> {
    checked_name(container)?;
    let options = RestartContainerOptionsBuilder::new().t(seconds(grace)).build();
    match docker.patient().restart_container(container, Some(options)).await {
        Ok(()) => Ok(()),
        Err(error) => Err(with_holder(docker, Error::about("restart", Subject::Container(container), error)).await),
    }
}

/// Freeze all processes of a container. Returns whether it was not paused before.
///
/// # Errors
/// `docker::no_container`, `docker::not_running`.
pub async fn pause(docker: &Docker, container: &str) -> Result<bool, Error> {
    if inspect(docker, container).await?.state == "paused" {
        return Ok(false);
    }
    let done = docker.api().pause_container(container).await;
    done.map(|()| true).map_err(|error| Error::about("pause", Subject::Container(container), error))
}

/// Let the processes of a paused container go on. Returns whether it was paused.
///
/// # Errors
/// `docker::no_container`.
pub async fn unpause(docker: &Docker, container: &str) -> Result<bool, Error> {
    if inspect(docker, container).await?.state != "paused" {
        return Ok(false);
    }
    let done = docker.api().unpause_container(container).await;
    done.map(|()| true).map_err(|error| Error::about("unpause", Subject::Container(container), error))
}

/// Wait until a container does not run any more and return the code it ended with. One that has ended answers at once.
///
/// # Errors
/// `docker::no_container`; `docker::timeout` with the container's state.
pub async fn wait(docker: &Docker, container: &str, timeout: Timeout) -> Result<i64, Error> {
    checked_name(container)?;
    match tokio::time::timeout(timeout.duration(), ended(docker, container)).await {
        Ok(code) => code,
        Err(_) => {
            let state = inspect(docker, container).await?.state;
            let last = vec![format!("the container is {state}")];
            Err(Error::Timeout { what: format!("waiting for the end of container `{container}`"), timeout, last })
        }
    }
}

async fn ended(docker: &Docker, container: &str) -> Result<i64, Error> {
    let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
    let mut answers = docker.patient().wait_container(container, Some(options)).boxed();
    match answers.next().await {
        Some(Ok(answer)) => Ok(answer.status_code),
        Some(Err(Api::DockerContainerWaitError { error, code })) if error.is_empty() => Ok(code),
        Some(Err(error)) => Err(Error::about("wait for", Subject::Container(container), error)),
        // The engine ended the stream without an answer: what it knows of the container is the answer.
        None => Ok(inspect(docker, container).await?.exit_code.unwrap_or(0)),
    }
}

/// How a container is removed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remove {
    /// Kill it if it runs.
    pub force: bool,
    /// Remove its anonymous volumes too.
    pub volumes: bool,
}

/// Remove a container; one that does not exist is no error. Returns whether there was one. When someone else is removing it
/// already, wait until it is gone.
///
/// # Errors
/// `docker::running` when it runs and `force` is not given.
pub async fn remove(docker: &Docker, container: &str, how: Remove) -> Result<bool, Error> {
    checked_name(container)?;
    let options = RemoveContainerOptionsBuilder::new().force(how.force).v(how.volumes).build();
    match docker.patient().remove_container(container, Some(options)).await {
        Ok(()) => Ok(true),
        Err(Api::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(Api::DockerResponseServerError { status_code: 409, message })
            if message.contains("already in progress") =>
        {
            gone(docker, container).await
        }
        Err(error) => Err(Error::about("remove", Subject::Container(container), error)),
    }
}

/// Wait until a container that is being removed is gone.
async fn gone(docker: &Docker, container: &str) -> Result<bool, Error> {
    const LONGEST: Timeout = Timeout::minutes(2);
    let absent = async {
        while find(docker, container).await?.is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(true)
    };
    tokio::time::timeout(LONGEST.duration(), absent).await.unwrap_or_else(|_| {
        let what = format!("the removal of container `{container}`");
        Err(Error::Timeout { what, timeout: LONGEST, last: vec!["the engine says that it is in progress".to_owned()] })
    })
}

/// A container as it is, by name or id.
///
/// # Errors
/// `docker::no_container`.
pub async fn inspect(docker: &Docker, container: &str) -> Result<Container, Error> {
    checked_name(container)?;
    let found = docker.api().inspect_container(container, None).await;
    found.map(Container::from).map_err(|error| Error::about("inspect", Subject::Container(container), error))
}

/// As [`inspect`], but a container that does not exist is no error.
///
/// # Errors
/// When the engine does not answer.
pub async fn find(docker: &Docker, container: &str) -> Result<Option<Container>, Error> {
    match inspect(docker, container).await {
        Err(Error::NoContainer { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// A container in the engine's own words, everything it tells, as `docker inspect` prints it.
///
/// # Errors
/// `docker::no_container`.
pub async fn inspect_raw(docker: &Docker, container: &str) -> Result<serde_json::Value, Error> {
    checked_name(container)?;
    let subject = Subject::Container(container);
    let found = docker.api().inspect_container(container, None).await;
    let found = found.map_err(|error| Error::about("inspect", subject, error))?;
    serde_json::to_value(found).map_err(|error| Error::about("inspect", subject, error.into()))
}

/// Which containers are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Labels it must have, with this value; an empty value accepts any.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The network it must be in.
    #[serde(default)]
    pub network: Option<String>,
    /// Only those that run.
    #[serde(default)]
    pub running: bool,
}

/// The containers that the filter lets through, stopped ones too, sorted by name.
///
/// # Errors
/// When the engine does not answer.
pub async fn list(docker: &Docker, filter: &Filter) -> Result<Vec<Container>, Error> {
    let mut filters: HashMap<&str, Vec<String>> = HashMap::new();
    let label =
        |(name, value): (&String, &String)| if value.is_empty() { name.clone() } else { format!("{name}={value}") };
    filters.insert("label", filter.labels.iter().map(label).collect());
    filters.insert("network", filter.network.iter().cloned().collect());
    filters.retain(|_, values| !values.is_empty());
    let options = ListContainersOptionsBuilder::new().all(!filter.running).filters(&filters).build();
    let found =
        docker.api().list_containers(Some(options)).await.map_err(|error| Error::engine("list containers", error))?;
    let ids = found.into_iter().filter_map(|one| one.id);
    // The list tells neither exit codes nor environments: every container is asked, many at once, and may be gone by now.
    let mut all: Vec<Container> = stream::iter(ids.map(|id| async move { find(docker, &id).await }))
        .buffer_unordered(16)
        .filter_map(|found| async { found.transpose() })
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Whole seconds, rounded up, as the engine wants them.
fn seconds(timeout: Timeout) -> i32 {
    let duration = timeout.duration();
    let up = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(up).unwrap_or(i32::MAX)
}

/// The name becomes part of a path: only what the engine accepts as a name or id goes there.
pub(crate) fn checked_name(name: &str) -> Result<(), Error> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(known) {
        return Ok(());
    }
    let expected = "a name of letters, digits, `_`, `.` and `-`, beginning with a letter or digit";
    Err(Error::BadSpec { field: "name", expected, found: name.to_owned() })
}

impl From<ContainerInspectResponse> for Container {
    fn from(found: ContainerInspectResponse) -> Self {
        let state = found.state.unwrap_or_default();
        let config = found.config.unwrap_or_default();
        let settings = found.network_settings.unwrap_or_default();
        let status = state.status.map(|status| status.to_string()).unwrap_or_default();
        // The engine's zero time stands for never.
        let started_at = state.started_at.filter(|time| !time.is_empty() && !time.starts_with("0001-"));
        let ended = matches!(status.as_str(), "exited" | "dead");
        Self {
            id: found.id.unwrap_or_default(),
            name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
            image: config.image.unwrap_or_default(),
            image_id: found.image.unwrap_or_default(),
            exit_code: state.exit_code.filter(|_| ended),
            state: status,
            started_at,
            tty: config.tty.unwrap_or(false),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            env: config.env.unwrap_or_default().iter().map(|pair| split_env(pair)).collect(),
            networks: settings.networks.unwrap_or_default().into_iter().map(|(name, one)| (name, one.into())).collect(),
            ports: published(settings.ports.unwrap_or_default()),
            mounts: found.mounts.unwrap_or_default().into_iter().map(Mount::from).collect(),
        }
    }
}

fn split_env(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (name.to_owned(), value.to_owned())
}

impl From<EndpointSettings> for Attachment {
    fn from(found: EndpointSettings) -> Self {
        // An address that the engine leaves empty does not parse, which is what none means.
        fn address<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
            text.and_then(|text| text.parse().ok())
        }
        Self {
            network_id: found.network_id.unwrap_or_default(),
            ipv4: address(found.ip_address),
            ipv6: address(found.global_ipv6_address),
            gateway: address(found.gateway),
            gateway_ipv6: address(found.ipv6_gateway),
            aliases: found.aliases.unwrap_or_default(),
        }
    }
}

fn published(ports: PortMap) -> Vec<Published> {
    let mut all = Vec::new();
    for (key, bindings) in ports {
        let Some((port, protocol)) = container_port(&key) else { continue };
        for binding in bindings.unwrap_or_default() {
            let Some(host_port) = binding.host_port.and_then(|port| port.parse().ok()) else { continue };
            let host_ip = binding.host_ip.and_then(|address| address.parse().ok());
            all.push(Published { host_ip, host_port, container_port: port, protocol });
        }
    }
    all.sort_by_key(|port| (port.container_port, port.protocol, port.host_ip, port.host_port));
    all
}

/// `6443/tcp` taken apart.
fn container_port(key: &str) -> Option<(u16, Protocol)> {
    let (port, protocol) = key.split_once('/').unwrap_or((key, "tcp"));
    let protocol = match protocol {
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => Protocol::Tcp,
    };
    port.parse().ok().map(|port| (port, protocol))
}

impl From<MountPoint> for Mount {
    fn from(found: MountPoint) -> Self {
        Self {
            kind: found.typ.unwrap_or_default(),
            volume: found.name.filter(|name| !name.is_empty()),
            source: found.source.unwrap_or_default(),
            target: found.destination.unwrap_or_default(),
            writable: found.rw.unwrap_or(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_engine_tells_is_kept_slim() {
        let found: ContainerInspectResponse = serde_json::from_value(json!({
            "Id": "0123", "Name": "/a", "Image": "sha256:1", "Created": "2024-01-01T00:00:00Z",
            "State": { "Status": "exited", "ExitCode": 3, "StartedAt": "2024-01-01T00:00:00Z" },
            "Config": { "Image": "busybox", "Env": ["A=b=c", "D"], "Labels": { "l": "1" }, "Tty": true },
            "Mounts": [{ "Type": "volume", "Name": "v", "Source": "/s", "Destination": "/t", "RW": false }],
            "NetworkSettings": {
                "Ports": { "80/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "8080" }], "81/udp": null },
                "Networks": { "n": { "NetworkID": "9", "IPAddress": "10.0.0.2", "Gateway": "10.0.0.1", "GlobalIPv6Address": "", "Aliases": null } },
            },
        }))
        .unwrap();
        let container = serde_json::to_value(Container::from(found)).unwrap();
        let expected = json!({
            "id": "0123", "name": "a", "image": "busybox", "image_id": "sha256:1", "state": "exited", "exit_code": 3,
            "started_at": "2024-01-01T00:00:00Z", "tty": true, "labels": { "l": "1" }, "env": { "A": "b=c", "D": "" },
            "networks": { "n": { "network_id": "9", "ipv4": "10.0.0.2", "ipv6": null, "gateway": "10.0.0.1", "gateway_ipv6": null, "aliases": [] } },
            "ports": [{ "host_ip": "0.0.0.0", "host_port": 8080, "container_port": 80, "protocol": "tcp" }],
            "mounts": [{ "kind": "volume", "volume": "v", "source": "/s", "target": "/t", "writable": false }],
        });
        assert_eq!(container, expected);
    }

    #[test]
    fn a_port_is_in_the_way_of_the_same_address_or_of_all() {
        let host_ip = Some("127.0.0.1".parse().unwrap());
        let port = Published { host_ip, host_port: 80, container_port: 1, protocol: Protocol::Tcp };
        let all = Published { host_ip: Some("0.0.0.0".parse().unwrap()), ..port.clone() };
        assert!(collides(&port, "127.0.0.1:80") && collides(&port, "0.0.0.0:80") && collides(&all, "[::1]:80"));
        assert!(!collides(&port, "127.0.0.2:80") && !collides(&port, "127.0.0.1:81") && !collides(&port, "80"));
    }

    #[test]
    fn a_name_that_would_leave_its_path_is_refused() {
        for bad in ["", "../images/json", "a/b", "a?force=1", "-a", "a b"] {
            assert!(matches!(checked_name(bad), Err(Error::BadSpec { field: "name", .. })), "{bad}");
        }
        checked_name("a-control_plane.1").unwrap();
    }
}

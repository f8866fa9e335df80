//! What an engine has: containers, images, networks, volumes, commands that were executed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{files::Files, image::Image, log::Log, reply::Failure};

/// Everything.
#[derive(Default)]
pub struct State {
    /// Containers by identifier, in order of creation.
    pub containers: Vec<Container>,
    /// Images by identifier.
    pub images: BTreeMap<String, Image>,
    /// Networks, in order of creation.
    pub networks: Vec<Network>,
    /// Volumes by name.
    pub volumes: BTreeMap<String, Volume>,
    /// Executed commands by identifier.
    pub execs: BTreeMap<String, Exec>,
    /// The last process number that was given out.
    pub last_pid: u32,
}

/// How a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has never run.
    Created,
    /// It runs.
    Running,
    /// It is held.
    Paused,
    /// It has ended.
    Exited,
}

impl Status {
    /// The engine's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Exited => "exited",
        }
    }
}

/// A container.
pub struct Container {
    /// 64 digits.
    pub id: String,
    /// The name, without a slash.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// What was asked for: the part that an image can have too.
    pub config: Map<String, Value>,
    /// What was asked for: the part of the host.
    pub host_config: Map<String, Value>,
    /// The image's identifier.
    pub image: String,
    /// The program, and its arguments.
    pub argv: Vec<String>,
    /// How it is.
    pub status: Status,
    /// The number of its process; 0 when it does not run.
    pub pid: u32,
    /// The code with which it ended.
    pub exit_code: i64,
    /// Why it did not start.
    pub error: String,
    /// When it started last.
    pub started: Option<Timestamp>,
    /// When it ended last.
    pub finished: Option<Timestamp>,
    /// Its places in networks, by their names.
    pub places: BTreeMap<String, Place>,
    /// What is mounted.
    pub mounts: Vec<Mount>,
    /// Its files.
    pub files: Files,
    /// What it has said.
    pub log: Arc<Log>,
    /// Ports of the host that lead to it: (port and protocol of the container, address of the host, port of the host).
    pub ports: Vec<(String, IpAddr, u16)>,
    /// Images that containerd in a node has: names with the digest of their configuration.
    pub node_images: BTreeMap<String, String>,
    /// The cluster that it is a node of, once kubeadm has run.
    pub cluster: Option<String>,
    /// Ends what runs in it.
    pub stop: CancellationToken,
    /// What runs on its behalf: its program, and whoever listens on its ports.
    pub tasks: Vec<JoinHandle<()>>,
    /// How often it has started and ended, and the last code; for whoever waits.
    pub turns: watch::Sender<Turns>,
    /// Sends what is typed to its program.
    pub input: Option<tokio::sync::mpsc::Sender<bytes::Bytes>>,
    /// Whether it was there before the simulation: taken over from a real engine.
    pub found: bool,
}

/// How often a container has ended, and with what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turns {
    /// Whether it runs.
    pub running: bool,
    /// How often it has ended.
    pub ended: u64,
    /// The last code.
    pub code: i64,
    /// Whether it was removed.
    pub removed: bool,
}

/// A container's place in a network.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The network's identifier, once it is known.
    pub network: String,
    /// What was asked for.
    pub wanted_ipv4: Option<Ipv4Addr>,
    /// What was asked for.
    pub wanted_ipv6: Option<Ipv6Addr>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Links, as asked for.
    pub links: Value,
    /// Options of the driver, as asked for.
    pub driver_options: Value,
    /// The identifier, while it runs.
    pub endpoint: String,
    /// The address, while it runs.
    pub ipv4: Option<Ipv4Addr>,
    /// The address, while it runs.
    pub ipv6: Option<Ipv6Addr>,
}

/// Something that is mounted.
#[derive(Debug, Clone)]
pub struct Mount {
    /// `volume`, `bind` or `tmpfs`.
    pub kind: String,
    /// The volume.
    pub volume: Option<String>,
    /// The place on the host.
    pub source: String,
    /// The place in the container.
    pub target: String,
    /// The options.
    pub mode: String,
    /// Whether it can be written.
    pub writable: bool,
    /// How mounts propagate.
    pub propagation: String,
}

/// A network.
#[derive(Debug, Clone)]
pub struct Network {
    /// 64 digits.
    pub id: String,
    /// The name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// The driver.
    pub driver: String,
    /// Whether it has IPv6.
    pub ipv6: bool,
    /// Whether it leads nowhere.
    pub internal: bool,
    /// Whether containers may be attached by hand.
    pub attachable: bool,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Options of its address management, as asked for.
    pub ipam_options: Value,
    /// Options, as asked for.
    pub options: Value,
    /// Labels.
    pub labels: Value,
    /// Whether subnets were asked for: only then may containers ask for addresses.
    pub chosen: bool,
}

/// A subnet of a network.
#[derive(Debug, Clone)]
pub struct Subnet {
    /// The addresses.
    pub net: IpNet,
    /// Those that containers get.
    pub range: Option<IpNet>,
    /// The host's address in it.
    pub gateway: Option<IpAddr>,
}

/// A volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// The name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// The driver's options.
    pub options: Value,
    /// Labels.
    pub labels: Value,
    /// Whether it was made for a container.
    pub anonymous: bool,
}

/// A command that is executed in a container.
pub struct Exec {
    /// 64 digits.
    pub id: String,
    /// The container's identifier.
    pub container: String,
    /// The command.
    pub argv: Vec<String>,
    /// What was asked for.
    pub asked: Map<String, Value>,
    /// Whether it has started.
    pub started: bool,
    /// Whether it runs.
    pub running: bool,
    /// The code with which it ended.
    pub code: Option<i64>,
    /// Its process number.
    pub pid: u32,
}

impl State {
    /// The place of a container in the list, by identifier, the beginning of one, or name.
    ///
    /// # Errors
    /// 404, or 400 when the beginning fits several.
    pub fn position(&self, wanted: &str) -> Result<usize, Failure> {
        let plain = wanted.strip_prefix('/').unwrap_or(wanted);
        let exact = |one: &Container| one.id == wanted || one.name == plain;
        if let Some(at) = self.containers.iter().position(exact) {
            return Ok(at);
        }
        let fits: Vec<usize> = self
            .containers
            .iter()
            .enumerate()
            .filter(|(_, one)| !wanted.is_empty() && one.id.starts_with(wanted))
            .map(|(at, _)| at)
            .collect();
        match fits.as_slice() {
            [at] => Ok(*at),
            [] => Err(Failure::missing(format!("No such container: {wanted}"))),
            _ => Err(Failure::bad(format!("Multiple IDs found with provided prefix: {wanted}"))),
        }
    }

    /// A container.
    ///
    /// # Errors
    /// As [`State::position`].
    pub fn container(&self, wanted: &str) -> Result<&Container, Failure> {
        self.position(wanted).map(|at| &self.containers[at])
    }

    /// A container.
    ///
    /// # Errors
    /// As [`State::position`].
    pub fn container_mut(&mut self, wanted: &str) -> Result<&mut Container, Failure> {
        self.position(wanted).map(|at| &mut self.containers[at])
    }

    /// A network, by name, identifier or the beginning of one.
    ///
    /// # Errors
    /// 404, or 400 when the name fits several.
    pub fn network(&self, wanted: &str) -> Result<&Network, Failure> {
        if let Some(found) = self.networks.iter().find(|one| one.id == wanted) {
            return Ok(found);
        }
        let named: Vec<&Network> = self.networks.iter().filter(|one| one.name == wanted).collect();
        let fits: Vec<&Network> = match named.is_empty() {
            true => self.networks.iter().filter(|one| !wanted.is_empty() && one.id.starts_with(wanted)).collect(),
            false => named,
        };
        match fits.as_slice() {
            [one] => Ok(one),
            [] => Err(Failure::missing(format!("network {wanted} not found"))),
            many => Err(Failure::bad(format!("network {wanted} is ambiguous ({} matches found on name)", many.len()))),
        }
    }

    /// The containers that run in a network, with their places.
    pub fn members<'a>(&'a self, network: &'a str) -> impl Iterator<Item = (&'a Container, &'a Place)> {
        let running = self.containers.iter().filter(|one| one.is_running());
        running.flat_map(move |one| {
            one.places.values().filter(move |place| place.network == network).map(move |place| (one, place))
        })
    }

    /// The addresses that are in use in a network.
    pub fn taken(&self, network: &Network) -> BTreeSet<IpAddr> {
        let members = self.members(&network.id);
        let addresses =
            members.flat_map(|(_, place)| place.ipv4.map(IpAddr::from).into_iter().chain(place.ipv6.map(IpAddr::from)));
        addresses.chain(network.subnets.iter().filter_map(|one| one.gateway)).collect()
    }

    /// The container that has an address.
    pub fn at(&self, address: IpAddr) -> Option<&Container> {
        let has = |place: &Place| {
            place.ipv4.map(IpAddr::from) == Some(address) || place.ipv6.map(IpAddr::from) == Some(address)
        };
        self.containers.iter().find(|one| one.is_running() && one.places.values().any(has))
    }

    /// The number of a new process.
    pub fn pid(&mut self) -> u32 {
        self.last_pid = self.last_pid.max(1000) + 1;
        self.last_pid
    }
}

impl Container {
    /// Whether it runs, held or not.
    pub fn is_running(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused)
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.config.get("Labels")?.get(key)?.as_str()
    }

    /// Whether it has a terminal.
    pub fn tty(&self) -> bool {
        self.config.get("Tty").and_then(Value::as_bool).unwrap_or(false)
    }

    /// A list of texts of its configuration.
    pub fn texts(&self, key: &str) -> Vec<String> {
        texts(self.config.get(key))
    }

    /// The image as it was asked for.
    pub fn image_name(&self) -> &str {
        self.config.get("Image").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A list of texts; a single text is one of one.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

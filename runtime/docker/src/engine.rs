//! The connection to an engine, and what the engine says of itself.

use std::{fmt, sync::Arc, time::Duration};

use bollard::API_DEFAULT_VERSION;
use serde::Serialize;

use crate::{
    Attempt, Environment, Error, Where,
    endpoint::{self, Endpoint},
};

/// How long the engine may take until it begins to answer an ordinary request.
const ORDINARY: Duration = Duration::from_secs(120);
/// The same for requests that work before they answer: creating a container copies the image's folders into its
/// anonymous volumes, a load unpacks layers.
const PATIENT: Duration = Duration::from_secs(3600);
/// How long to wait for the first sign of life.
const GREETING: Duration = Duration::from_secs(20);

/// A Docker engine. Cheap to clone; every clone may be used at the same time.
///
/// No request names an API version: the engine answers with its own, so old and new engines work alike (20.10, API 1.41,
/// is the oldest one that is tested).
#[derive(Clone)]
pub struct Docker {
    api: bollard::Docker,
    endpoint: Arc<Endpoint>,
    environment: Arc<Environment>,
}

impl Docker {
    /// Find the engine that the `docker` command would use and greet it.
    ///
    /// The first of these decides: the wanted host, the wanted context, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current
    /// context of the client's `config.json`. Without any of them the usual sockets are tried in turn: the system's, that of
    /// a rootless engine, Docker Desktop's.
    ///
    /// # Errors
    /// `docker::no_engine` with every place that was tried; others when the client's files are damaged or a context or
    /// certificate is missing.
    pub async fn connect(wanted: &Where) -> Result<Self, Error> {
        let mut tried = Vec::new();
        for endpoint in endpoint::candidates(wanted)? {
            match greet(&endpoint).await {
                Ok(api) => {
                    let environment = Arc::new(wanted.environment.clone());
                    return Ok(Self { api, endpoint: Arc::new(endpoint), environment });
                }
                Err(source) => tried.push(Attempt { host: endpoint.host, origin: endpoint.origin, source }),
            }
        }
        Err(Error::no_engine(tried))
    }

    /// The engine's address: `unix:///var/run/docker.sock`.
    pub fn host(&self) -> &str {
        &self.endpoint.host
    }

    /// Whether the engine is reached through a socket of this machine. What another engine publishes on a loopback address
    /// cannot be reached from here.
    pub fn is_local(&self) -> bool {
        self.endpoint.host.starts_with("unix://") || self.endpoint.host.starts_with("npipe://")
    }

    /// The name or address under which the engine's machine is reached; none for an engine of this machine.
    pub fn machine(&self) -> Option<&str> {
        let (scheme, rest) = self.endpoint.host.split_once("://")?;
        let address = rest.rsplit('@').next()?.split('/').next()?;
        match (scheme, address.strip_prefix('[')) {
            ("unix" | "npipe", _) => None,
            (_, Some(bracketed)) => bracketed.split(']').next(),
            (_, None) => address.split(':').next(),
        }
    }

    pub(crate) fn api(&self) -> &bollard::Docker {
        &self.api
    }

    /// For requests that work before they answer.
    pub(crate) fn patient(&self) -> bollard::Docker {
        self.api.clone().with_timeout(PATIENT)
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }
}

impl fmt::Debug for Docker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Docker({})", self.endpoint.host)
    }
}

/// Open the address and wait for the engine's first answer.
async fn greet(endpoint: &Endpoint) -> Result<bollard::Docker, Box<bollard::errors::Error>> {
    let api = open(endpoint)?.with_request_modifier(header_in_url_alphabet);
    api.clone().with_timeout(GREETING).ping().await?;
    Ok(api)
}

fn open(endpoint: &Endpoint) -> Result<bollard::Docker, bollard::errors::Error> {
    let (host, seconds, version) = (&*endpoint.host, ORDINARY.as_secs(), API_DEFAULT_VERSION);
    if let Some(tls) = &endpoint.tls {
        return bollard::Docker::connect_with_ssl(host, &tls.key, &tls.cert, &tls.ca, seconds, version);
    }
    match host.split_once("://").map(|(scheme, _)| scheme) {
        Some("unix" | "npipe") => bollard::Docker::connect_with_local(host, seconds, version),
        Some("ssh") => bollard::Docker::connect_with_ssh(host, seconds, version, None),
        _ => bollard::Docker::connect_with_http(host, seconds, version),
    }
}

/// The engine reads registry credentials in the URL alphabet of base64, bollard writes them in the standard one.
fn header_in_url_alphabet(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    if let Some(value) = request.headers_mut().get_mut("X-Registry-Auth") {
        let in_url = |byte: &u8| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        };
        let bytes: Vec<u8> = value.as_bytes().iter().map(in_url).collect();
        if let Ok(changed) = http::HeaderValue::from_bytes(&bytes) {
            *value = changed;
        }
    }
    request
}

/// What runs at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The engine's version: `20.10.24`.
    pub version: String,
    /// The newest API it speaks: `1.41`.
    pub api_version: String,
    /// The oldest API it speaks.
    pub min_api_version: String,
    /// `linux` or `windows`.
    pub os: String,
    /// The processor in Go's words: `amd64`, `arm64`.
    pub arch: String,
    /// The kernel's version.
    pub kernel: String,
}

/// The engine's version.
///
/// # Errors
/// When the engine does not answer.
pub async fn version(docker: &Docker) -> Result<Version, Error> {
    let found = docker.api().version().await.map_err(|source| Error::engine("ask for the version", source))?;
    Ok(Version {
        version: found.version.unwrap_or_default(),
        api_version: found.api_version.unwrap_or_default(),
        min_api_version: found.min_api_version.unwrap_or_default(),
        os: found.os.unwrap_or_default(),
        arch: found.arch.unwrap_or_default(),
        kernel: found.kernel_version.unwrap_or_default(),
    })
}

/// What the engine can do and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Info {
    /// The machine's name.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// The operating system: `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: String,
    /// The processor in the kernel's words: `x86_64`, `aarch64`.
    pub architecture: String,
    /// 1 or 2; 0 when the engine does not tell (before 20.10).
    pub cgroup_version: u8,
    /// `cgroupfs`, `systemd` or `none`.
    pub cgroup_driver: String,
    /// Such as `name=seccomp,profile=default`, `name=rootless`, `name=userns`.
    pub security_options: Vec<String>,
    /// Whether the engine runs without root.
    pub rootless: bool,
    /// `overlay2`, `btrfs`, `zfs`, `overlayfs` and so on.
    pub storage_driver: String,
    /// The file system beneath the storage: `extfs`, `xfs`, `btrfs`; empty when it is not told.
    pub backing_filesystem: String,
    /// Whether images are kept by containerd: then image ids are digests of manifests.
    pub containerd_images: bool,
    /// Whether memory limits work.
    pub memory_limit: bool,
    /// Whether limits on the number of processes work.
    pub pids_limit: bool,
    /// Whether shares and quotas of processor time work.
    pub cpu_limit: bool,
    /// The number of processors.
    pub cpus: u64,
    /// The memory in bytes.
    pub memory: u64,
    /// The engine's own folder.
    pub root_folder: String,
    /// What the engine warns of.
    pub warnings: Vec<String>,
}

/// What the engine can do and has.
///
/// # Errors
/// When the engine does not answer.
pub async fn info(docker: &Docker) -> Result<Info, Error> {
    let found = docker.api().info().await.map_err(|source| Error::engine("ask what the engine is", source))?;
    Ok(Info::from(found))
}

impl From<bollard::models::SystemInfo> for Info {
    fn from(found: bollard::models::SystemInfo) -> Self {
        let status = found.driver_status.unwrap_or_default();
        let driver_status = |key: &str| {
            let pair = status.iter().find(|pair| pair.first().is_some_and(|name| name == key));
            pair.and_then(|pair| pair.get(1)).cloned().unwrap_or_default()
        };
        let security_options = found.security_options.unwrap_or_default();
        Self {
            name: found.name.unwrap_or_default(),
            version: found.server_version.unwrap_or_default(),
            operating_system: found.operating_system.unwrap_or_default(),
            architecture: found.architecture.unwrap_or_default(),
            cgroup_version: found.cgroup_version.and_then(|version| version.to_string().parse().ok()).unwrap_or(0),
            cgroup_driver: found.cgroup_driver.map(|driver| driver.to_string()).unwrap_or_default(),
            rootless: security_options.iter().any(|option| option.contains("name=rootless")),
            security_options,
            storage_driver: found.driver.unwrap_or_default(),
            backing_filesystem: driver_status("Backing Filesystem"),
            containerd_images: driver_status("driver-type").starts_with("io.containerd.snapshotter"),
            memory_limit: found.memory_limit.unwrap_or(false),
            pids_limit: found.pids_limit.unwrap_or(false),
            cpu_limit: found.cpu_shares.unwrap_or(false) && found.cpu_cfs_quota.unwrap_or(false),
            cpus: found.ncpu.and_then(|number| number.try_into().ok()).unwrap_or(0),
            memory: found.mem_total.and_then(|number| number.try_into().ok()).unwrap_or(0),
            root_folder: found.docker_root_dir.unwrap_or_default(),
            warnings: found.warnings.unwrap_or_default(),
        }
    }
}

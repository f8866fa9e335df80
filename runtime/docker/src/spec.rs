//! What a container shall be, and how that is written in the engine's API.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use bollard::models::{
    ContainerCreateBody, DeviceMapping, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigCgroupnsModeEnum,
    NetworkingConfig, PortBinding, RestartPolicyNameEnum,
};
use meshrun_terms::{Bytes, Image, Port};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A container as it shall be created. Every field but the image may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerSpec {
    /// The image to run.
    pub image: Image,
    /// The container's name; the engine makes one up when it is left out.
    #[serde(default)]
    pub name: Option<String>,
    /// The host name inside; the first letters of the id when it is left out.
    #[serde(default)]
    pub hostname: Option<String>,
    /// What to run instead of the image's command, word by word.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// What to run instead of the image's entrypoint, word by word.
    #[serde(default)]
    pub entrypoint: Option<Vec<String>>,
    /// Environment variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Labels of the container.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The network to join; `host` and `none` have their usual meaning. The engine's bridge when it is left out.
    #[serde(default)]
    pub network: Option<String>,
    /// More names for the container in its network.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The container's IPv4 address in its network, which must have a subnet that was asked for.
    #[serde(default)]
    pub ipv4: Option<Ipv4Addr>,
    /// The container's IPv6 address in its network, which must have a subnet that was asked for.
    #[serde(default)]
    pub ipv6: Option<Ipv6Addr>,
    /// Ports to publish on the host.
    #[serde(default)]
    pub ports: Vec<Publish>,
    /// Folders, files and named volumes to mount, `source:target[:options]` as for `docker run --volume`. A folder of the host
    /// that does not exist is made.
    #[serde(default)]
    pub binds: Vec<String>,
    /// Paths that get a fresh volume of their own, filled with what the image has there.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// Paths that are kept in memory, with mount options such as `size=64m`, or none.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, String>,
    /// Run with all of the host's privileges.
    #[serde(default)]
    pub privileged: bool,
    /// Security options such as `seccomp=unconfined`.
    #[serde(default)]
    pub security_opt: Vec<String>,
    /// Capabilities to add, such as `NET_ADMIN`.
    #[serde(default)]
    pub cap_add: Vec<String>,
    /// Capabilities to drop.
    #[serde(default)]
    pub cap_drop: Vec<String>,
    /// When the engine shall start the container again.
    #[serde(default)]
    pub restart: Restart,
    /// Whether a small init process runs as the first one; the engine's setting when it is left out.
    #[serde(default)]
    pub init: Option<bool>,
    /// Kernel settings of the container's namespaces.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// Whether the container sees its own part of the control groups or the host's; the engine's setting when it is left out.
    #[serde(default)]
    pub cgroupns: Option<Cgroupns>,
    /// `host` switches the remapping of users off.
    #[serde(default)]
    pub userns: Option<String>,
    /// Devices of the host, `host[:container[:permissions]]` as for `docker run --device`.
    #[serde(default)]
    pub devices: Vec<String>,
    /// Give the container a terminal; its log is then one raw stream.
    #[serde(default)]
    pub tty: bool,
    /// The user to run as: `user`, `user:group` or numbers.
    #[serde(default)]
    pub user: Option<String>,
    /// The folder to run in.
    #[serde(default)]
    pub workdir: Option<String>,
    /// The signal that stops the container: `SIGTERM`, `SIGRTMIN+3`.
    #[serde(default)]
    pub stop_signal: Option<String>,
    /// The memory the container may use.
    #[serde(default)]
    pub memory: Option<Bytes>,
    /// How many processors it may use, such as 1.5.
    #[serde(default)]
    pub cpus: Option<f64>,
    /// How many processes it may have.
    #[serde(default)]
    pub pids_limit: Option<u32>,
    /// More lines for its hosts file, `name:address`.
    #[serde(default)]
    pub extra_hosts: Vec<String>,
    /// Name servers in place of the engine's.
    #[serde(default)]
    pub dns: Vec<IpAddr>,
    /// Remove the container when it ends.
    #[serde(default)]
    pub auto_remove: bool,
    /// The platform of the image, such as `linux/arm64`.
    #[serde(default)]
    pub platform: Option<String>,
}

/// A port of the container that the host publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The port in the container.
    pub container: Port,
    /// The port of the host; the engine picks a free one when it is left out.
    #[serde(default)]
    pub host: Option<Port>,
    /// The address of the host to listen on; all of them when it is left out.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

/// Which control groups a container sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Cgroupns {
    /// Its own.
    Private,
    /// Those of the host.
    Host,
}

/// When the engine starts a container again: `"no"`, `"always"`, `"unless-stopped"`, `"on-failure"` or `"on-failure:3"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Whenever it ends.
    Always,
    /// Whenever it ends, unless someone has stopped it.
    UnlessStopped,
    /// When it ends with a code other than 0, at most so many times when a number is given.
    OnFailure(Option<u32>),
}

impl FromStr for Restart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::BadSpec {
            field: "restart",
            expected: "\"no\", \"always\", \"unless-stopped\", \"on-failure\" or \"on-failure:<number>\"",
            found: text.to_owned(),
        };
        match text {
            "no" => Ok(Self::No),
            "always" => Ok(Self::Always),
            "unless-stopped" => Ok(Self::UnlessStopped),
            "on-failure" => Ok(Self::OnFailure(None)),
            _ => {
                let number = text.strip_prefix("on-failure:").and_then(|number| number.parse().ok());
                number.map(|number| Self::OnFailure(Some(number))).ok_or_else(wrong)
            }
        }
    }
}

impl TryFrom<String> for Restart {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Restart> for String {
    fn from(restart: Restart) -> Self {
        match restart {
            Restart::No => "no".to_owned(),
            Restart::Always => "always".to_owned(),
            Restart::UnlessStopped => "unless-stopped".to_owned(),
            Restart::OnFailure(None) => "on-failure".to_owned(),
            Restart::OnFailure(Some(number)) => format!("on-failure:{number}"),
        }
    }
}

impl JsonSchema for Restart {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Restart".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(no|always|unless-stopped|on-failure(:[0-9]+)?)$" })
    }
}

impl ContainerSpec {
    /// A container of this image, with everything else as the engine and the image have it.
    pub fn new(image: Image) -> Self {
        Self {
            image,
            name: None,
            hostname: None,
            command: None,
            entrypoint: None,
            env: BTreeMap::new(),
            labels: BTreeMap::new(),
            network: None,
            aliases: Vec::new(),
            ipv4: None,
            ipv6: None,
            ports: Vec::new(),
            binds: Vec::new(),
            volumes: Vec::new(),
            tmpfs: BTreeMap::new(),
            privileged: false,
            security_opt: Vec::new(),
            cap_add: Vec::new(),
            cap_drop: Vec::new(),
            restart: Restart::No,
            init: None,
            sysctls: BTreeMap::new(),
            cgroupns: None,
            userns: None,
            devices: Vec::new(),
            tty: false,
            user: None,
            workdir: None,
            stop_signal: None,
            memory: None,
            cpus: None,
            pids_limit: None,
            extra_hosts: Vec::new(),
            dns: Vec::new(),
            auto_remove: false,
            platform: None,
        }
    }
}

/// The specification in the engine's words.
///
/// # Errors
/// When a bind, a device or the number of processors does not keep its form.
pub(crate) fn body(spec: &ContainerSpec) -> Result<ContainerCreateBody, Error> {
    Ok(ContainerCreateBody {
        image: Some(spec.image.to_string()),
        hostname: spec.hostname.clone(),
        cmd: spec.command.clone(),
        entrypoint: spec.entrypoint.clone(),
        env: some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: some_map(&spec.labels),
        exposed_ports: some(exposed(&spec.ports)),
        volumes: some(spec.volumes.clone()),
        tty: Some(spec.tty),
        attach_stdin: Some(false),
        attach_stdout: Some(false),
        attach_stderr: Some(false),
        open_stdin: Some(false),
        user: spec.user.clone(),
        working_dir: spec.workdir.clone(),
        stop_signal: spec.stop_signal.clone(),
        networking_config: networking(spec),
        host_config: Some(host_config(spec)?),
        ..ContainerCreateBody::default()
    })
}

fn host_config(spec: &ContainerSpec) -> Result<HostConfig, Error> {
    Ok(HostConfig {
        network_mode: spec.network.clone(),
        port_bindings: some_map(&bindings(&spec.ports)),
        binds: some(spec.binds.iter().map(|bind| checked_bind(bind)).collect::<Result<_, _>>()?),
        tmpfs: some_map(&spec.tmpfs),
        privileged: Some(spec.privileged),
        security_opt: some(spec.security_opt.clone()),
        cap_add: some(spec.cap_add.clone()),
        cap_drop: some(spec.cap_drop.clone()),
        restart_policy: Some(restart_policy(spec.restart)),
        init: spec.init,
        sysctls: some_map(&spec.sysctls),
        cgroupns_mode: spec.cgroupns.map(|mode| match mode {
            Cgroupns::Private => HostConfigCgroupnsModeEnum::PRIVATE,
            Cgroupns::Host => HostConfigCgroupnsModeEnum::HOST,
        }),
        userns_mode: spec.userns.clone(),
        devices: some(spec.devices.iter().map(|device| device_mapping(device)).collect::<Result<_, _>>()?),
        memory: spec.memory.map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX)),
        nano_cpus: spec.cpus.map(nano_cpus).transpose()?,
        pids_limit: spec.pids_limit.map(i64::from),
        extra_hosts: some(spec.extra_hosts.clone()),
        dns: some(spec.dns.iter().map(IpAddr::to_string).collect()),
        auto_remove: Some(spec.auto_remove),
        ..HostConfig::default()
    })
}

/// An empty list is left out.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// An empty map is left out.
fn some_map<V: Clone>(map: &BTreeMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
}

fn port_key(port: &Publish) -> String {
    format!("{}/{}", port.container, port.protocol)
}

fn exposed(ports: &[Publish]) -> Vec<String> {
    let mut keys: Vec<String> = ports.iter().map(port_key).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn bindings(ports: &[Publish]) -> BTreeMap<String, Option<Vec<PortBinding>>> {
    let mut all: BTreeMap<String, Option<Vec<PortBinding>>> = BTreeMap::new();
    for port in ports {
        let binding = PortBinding {
            host_ip: port.address.map(|address| address.to_string()),
            host_port: Some(port.host.map(|port| port.to_string()).unwrap_or_default()),
        };
        all.entry(port_key(port)).or_default().get_or_insert_default().push(binding);
    }
    all
}

/// The container's place in its own network; the networks `host`, `none` and `container:...` know none.
fn networking(spec: &ContainerSpec) -> Option<NetworkingConfig> {
    let network = spec.network.as_ref().filter(|name| {
        !["host", "none", "bridge", "default"].contains(&name.as_str()) && !name.starts_with("container:")
    })?;
    let address = EndpointIpamConfig {
        ipv4_address: spec.ipv4.map(|address| address.to_string()),
        ipv6_address: spec.ipv6.map(|address| address.to_string()),
        ..EndpointIpamConfig::default()
    };
    let settings = EndpointSettings {
        aliases: some(spec.aliases.clone()),
        ipam_config: (spec.ipv4.is_some() || spec.ipv6.is_some()).then_some(address),
        ..EndpointSettings::default()
    };
    Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(network.clone(), settings)])) })
}

fn restart_policy(restart: Restart) -> bollard::models::RestartPolicy {
    let (name, count) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, None),
        Restart::Always => (RestartPolicyNameEnum::ALWAYS, None),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        Restart::OnFailure(count) => (RestartPolicyNameEnum::ON_FAILURE, count),
    };
    bollard::models::RestartPolicy { name: Some(name), maximum_retry_count: count.map(i64::from) }
}

fn checked_bind(bind: &str) -> Result<String, Error> {
    let mut parts = bind.splitn(2, ':');
    match (parts.next(), parts.next()) {
        (Some(source), Some(target)) if !source.is_empty() && !target.is_empty() => Ok(bind.to_owned()),
        _ => Err(Error::BadSpec {
            field: "binds",
            expected: "source:target[:options], such as \"/lib/modules:/lib/modules:ro\"",
            found: bind.to_owned(),
        }),
    }
}

fn device_mapping(device: &str) -> Result<DeviceMapping, Error> {
    let parts: Vec<&str> = device.split(':').collect();
    let (host, inside, permissions) = match parts[..] {
        [host] => (host, host, "rwm"),
        [host, inside] => (host, inside, "rwm"),
        [host, inside, permissions] => (host, inside, permissions),
        _ => ("", "", ""),
    };
    if host.is_empty() || inside.is_empty() || permissions.is_empty() || permissions.contains(|c| !"rwm".contains(c)) {
        let expected = "host[:container[:permissions]], such as \"/dev/fuse\"";
        return Err(Error::BadSpec { field: "devices", expected, found: device.to_owned() });
    }
    Ok(DeviceMapping {
        path_on_host: Some(host.to_owned()),
        path_in_container: Some(inside.to_owned()),
        cgroup_permissions: Some(permissions.to_owned()),
    })
}

fn nano_cpus(cpus: f64) -> Result<i64, Error> {
    if !(0.01..=1_000_000.0).contains(&cpus) {
        let found = cpus.to_string();
        return Err(Error::BadSpec { field: "cpus", expected: "a number of processors from 0.01, such as 1.5", found });
    }
    // In range, so the cast keeps the value.
    Ok((cpus * 1e9).round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(spec: Value) -> Value {
        let spec: ContainerSpec = serde_json::from_value(spec).unwrap();
        serde_json::to_value(body(&spec).unwrap()).unwrap()
    }

    #[test]
    fn a_bare_specification_leaves_everything_to_the_image() {
        let expected = json!({
            "Image": "busybox", "Tty": false, "AttachStdin": false, "AttachStdout": false, "AttachStderr": false, "OpenStdin": false,
            "HostConfig": { "Privileged": false, "AutoRemove": false, "RestartPolicy": { "Name": "no" } },
        });
        assert_eq!(written(json!({ "image": "busybox" })), expected);
    }

    #[test]
    fn a_node_as_kind_makes_it_is_written_as_the_client_writes_it() {
        let spec = json!({
            "image": "kindest/node:v1.27.3", "name": "a-control-plane", "hostname": "a-control-plane",
            "labels": { "io.x-k8s.kind.cluster": "a" }, "env": { "KUBECONFIG": "/etc/kubernetes/admin.conf" },
            "network": "kind", "aliases": ["b"], "ipv4": "172.18.0.9",
            "ports": [
                { "container": 6443, "host": 40000, "address": "127.0.0.1" },
                { "container": 53, "address": "::1", "protocol": "udp" },
            ],
            "binds": ["/lib/modules:/lib/modules:ro"], "volumes": ["/var"], "tmpfs": { "/tmp": "", "/run": "size=64m" },
            "privileged": true, "security_opt": ["seccomp=unconfined"], "restart": "on-failure:1", "init": false, "tty": true,
            "sysctls": { "net.ipv6.conf.all.disable_ipv6": "0" }, "cgroupns": "private", "userns": "host",
            "devices": ["/dev/fuse"], "memory": "2Gi", "cpus": 1.5, "pids_limit": 100, "stop_signal": "SIGRTMIN+3",
        });
        let expected = json!({
            "Image": "kindest/node:v1.27.3", "Hostname": "a-control-plane", "Tty": true, "AttachStdin": false, "AttachStdout": false,
            "AttachStderr": false, "OpenStdin": false, "StopSignal": "SIGRTMIN+3",
            "Labels": { "io.x-k8s.kind.cluster": "a" }, "Env": ["KUBECONFIG=/etc/kubernetes/admin.conf"],
            "ExposedPorts": { "6443/tcp": {}, "53/udp": {} }, "Volumes": { "/var": {} },
            "NetworkingConfig": { "EndpointsConfig": { "kind": { "Aliases": ["b"], "IPAMConfig": { "IPv4Address": "172.18.0.9" } } } },
            "HostConfig": {
                "NetworkMode": "kind", "Privileged": true, "AutoRemove": false, "Init": false, "CgroupnsMode": "private", "UsernsMode": "host",
                "PortBindings": {
                    "6443/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "40000" }],
                    "53/udp": [{ "HostIp": "::1", "HostPort": "" }],
                },
                "Binds": ["/lib/modules:/lib/modules:ro"], "Tmpfs": { "/tmp": "", "/run": "size=64m" },
                "SecurityOpt": ["seccomp=unconfined"], "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 1 },
                "Sysctls": { "net.ipv6.conf.all.disable_ipv6": "0" },
                "Devices": [{ "PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm" }],
                "Memory": 2_147_483_648_i64, "NanoCpus": 1_500_000_000, "PidsLimit": 100,
            },
        });
        assert_eq!(written(spec), expected);
    }

    #[test]
    fn unknown_fields_and_bad_forms_are_refused() {
        let read = |spec: Value| serde_json::from_value::<ContainerSpec>(spec);
        assert!(read(json!({ "image": "a", "port": 1 })).unwrap_err().to_string().contains("unknown field `port`"));
        assert!(read(json!({ "image": "a", "restart": "sometimes" })).unwrap_err().to_string().contains("on-failure"));
        for (field, value) in [("binds", json!(["/a"])), ("devices", json!(["/a:/b:x"])), ("cpus", json!(0))] {
            let spec = read(json!({ "image": "a", field: value })).unwrap();
            assert!(body(&spec).unwrap_err().to_string().starts_with(&format!("`{field}`: expected")));
        }
    }
}

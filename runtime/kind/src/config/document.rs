//! kind's configuration file, `kind.x-k8s.io/v1alpha4`, read strictly.

use std::{collections::BTreeMap, net::IpAddr};

use meshrun_docker::Protocol;
use meshrun_terms::{ClusterName, Image, Port};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{ExtraMount, HostPort, IpFamily, JsonPatch, KubeProxyMode, PortMapping, Propagation, Role};
use crate::Error;

const VERSION: &str = "kind.x-k8s.io/v1alpha4";

/// Read the first document of a text. `file` is the name for errors.
///
/// # Errors
/// `kind::config_syntax` with line and column and, for an unknown field, the nearest known one; `kind::config_version`.
pub(super) fn read(text: &str, file: Option<&str>) -> Result<Cluster, Error> {
    let wrong = |source: meshrun_yaml::Error| {
        let help = near(source.message()).map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
        let source = match file {
            Some(name) => source.in_file(name),
            None => source,
        };
        Error::Document { help, source }
    };
    let value = meshrun_yaml::parse(text).map_err(wrong)?;
    check_version(&value)?;
    meshrun_yaml::parse_as(text).map_err(wrong)
}

fn check_version(value: &Value) -> Result<(), Error> {
    let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (field("apiVersion"), field("kind"));
    if version == VERSION && kind == "Cluster" {
        return Ok(());
    }
    Err(Error::DocumentVersion { found: format!("`apiVersion: {version}` and `kind: {kind}`") })
}

/// The known name that is most like the unknown one of serde's message.
fn near(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let mut words = rest.split('`');
    let unknown = words.next()?;
    let known = words.skip(1).step_by(2);
    let scored = known.map(|known| (strsim::jaro_winkler(&unknown.to_lowercase(), &known.to_lowercase()), known));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Cluster {
    #[serde(rename = "kind", default)]
    _kind: String,
    #[serde(rename = "apiVersion", default)]
    _api_version: String,
    pub name: Option<ClusterName>,
    #[serde(default)]
    pub nodes: Vec<Node>,
    #[serde(default)]
    pub networking: Networking,
    #[serde(default)]
    pub feature_gates: BTreeMap<String, bool>,
    #[serde(default)]
    pub runtime_config: BTreeMap<String, String>,
    #[serde(default)]
    pub kubeadm_config_patches: Vec<String>,
    #[serde(default, rename = "kubeadmConfigPatchesJSON6902")]
    pub kubeadm_json_patches: Vec<JsonPatch>,
    #[serde(default)]
    pub containerd_config_patches: Vec<String>,
    #[serde(default, rename = "containerdConfigPatchesJSON6902")]
    pub containerd_json_patches: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Node {
    #[serde(default, deserialize_with = "role")]
    pub role: Role,
    pub image: Option<Image>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub extra_mounts: Vec<Mount>,
    #[serde(default)]
    pub extra_port_mappings: Vec<Mapping>,
    #[serde(default)]
    pub kubeadm_config_patches: Vec<String>,
    #[serde(default, rename = "kubeadmConfigPatchesJSON6902")]
    pub kubeadm_json_patches: Vec<JsonPatch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Networking {
    pub ip_family: Option<IpFamily>,
    #[serde(default)]
    pub api_server_port: HostPort,
    #[serde(default, deserialize_with = "address")]
    pub api_server_address: Option<IpAddr>,
    pub pod_subnet: Option<String>,
    pub service_subnet: Option<String>,
    #[serde(default, rename = "disableDefaultCNI")]
    pub disable_default_cni: bool,
    pub kube_proxy_mode: Option<KubeProxyMode>,
    pub dns_search: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Mount {
    container_path: String,
    host_path: String,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    selinux_relabel: bool,
    #[serde(default)]
    propagation: Propagation,
}

impl From<Mount> for ExtraMount {
    fn from(mount: Mount) -> Self {
        let Mount { container_path, host_path, read_only, selinux_relabel, propagation } = mount;
        Self { host_path, container_path, read_only, selinux_relabel, propagation }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Mapping {
    container_port: Port,
    #[serde(default)]
    host_port: HostPort,
    #[serde(default, deserialize_with = "address")]
    listen_address: Option<IpAddr>,
    #[serde(default, deserialize_with = "protocol")]
    protocol: Protocol,
}

impl From<Mapping> for PortMapping {
    fn from(mapping: Mapping) -> Self {
        let Mapping { container_port, host_port, listen_address, protocol } = mapping;
        Self { container_port, host_port, listen_address, protocol }
    }
}

/// A role that a node may have; empty is a control plane.
fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" | "control-plane" => Ok(Role::ControlPlane),
        "worker" => Ok(Role::Worker),
        other => Err(de::Error::custom(format!("expected `control-plane` or `worker`, found `{other}`"))),
    }
}

/// An address; empty is none.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| de::Error::custom(format!("expected an IP address, found `{text}`")))
        }
    }
}

/// A protocol in any case; empty is TCP.
fn protocol<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Protocol, D::Error> {
    match String::deserialize(deserializer)?.to_uppercase().as_str() {
        "" | "TCP" => Ok(Protocol::Tcp),
        "UDP" => Ok(Protocol::Udp),
        "SCTP" => Ok(Protocol::Sctp),
        other => Err(de::Error::custom(format!("expected `TCP`, `UDP` or `SCTP`, found `{other}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let text = format!("kind: Cluster\napiVersion: {VERSION}\n{text}");
        match read(&text, Some("kind.yaml")).unwrap_err() {
            Error::Document { help, source } => format!("{source} {help}").trim().to_owned(),
            other => other.to_string(),
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_the_nearest_name() {
        let unknown = shown("nodes:\n- role: worker\n  extraMount: []\n");
        assert!(unknown.starts_with("kind.yaml:5:"), "{unknown}");
        assert!(unknown.ends_with("did you mean `extraMounts`?"), "{unknown}");
        let readonly = shown("nodes:\n- extraMounts: [{hostPath: /a, containerPath: /b, readonly: true}]\n");
        assert!(readonly.ends_with("did you mean `readOnly`?"), "{readonly}");
        let role = shown("nodes:\n- role: master\n");
        assert_eq!(role, "kind.yaml:4:9: `nodes[0].role`: expected `control-plane` or `worker`, found `master`");
        let port = shown("networking:\n  apiServerPort: -2\n");
        assert!(port.starts_with("kind.yaml:4:18: `networking.apiServerPort`: expected a port number"), "{port}");
        let protocol = shown("nodes:\n- extraPortMappings:\n  - {containerPort: 1, protocol: ftp}\n");
        assert!(protocol.contains("found `FTP`"), "{protocol}");
    }

    #[test]
    fn only_one_version_is_known() {
        let found = |text| read(text, None).unwrap_err().to_string();
        assert!(found("kind: Cluster\n").contains("found `apiVersion: ` and `kind: Cluster`"));
        assert!(found("kind: Pod\napiVersion: v1\n").contains("found `apiVersion: v1` and `kind: Pod`"));
    }
}

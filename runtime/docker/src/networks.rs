//! Networks: create, inspect, find by exact name, connect, disconnect, remove.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use bollard::{
    errors::Error as Api,
    models::{
        EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest,
        NetworkDisconnectRequest, NetworkInspect,
    },
    query_parameters::ListNetworksOptionsBuilder,
};
use futures::{StreamExt, stream};
use meshrun_terms::Cidr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Docker, Error, classify::Subject, containers::checked_name};

/// A network as it shall be created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// The network's name.
    pub name: String,
    /// The driver; `bridge` when it is left out.
    #[serde(default)]
    pub driver: Option<String>,
    /// Whether containers get IPv6 addresses too. Engines before 27 need a subnet for that.
    #[serde(default)]
    pub ipv6: bool,
    /// The subnets; the engine chooses an IPv4 one when none is given.
    #[serde(default)]
    pub subnets: Vec<Subnet>,
    /// Options of the driver.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Labels of the network.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether the network has no way out.
    #[serde(default)]
    pub internal: bool,
}

/// A range of addresses of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The subnet.
    pub subnet: Cidr,
    /// The address of its gateway; the first one when it is left out. Of a subnet that was asked for without a gateway, engines
    /// do not tell the gateway either: the containers in it know.
    #[serde(default)]
    pub gateway: Option<IpAddr>,
    /// The part of the subnet that containers get their addresses from; all of it when it is left out.
    #[serde(default)]
    pub ip_range: Option<Cidr>,
}

impl From<Cidr> for Subnet {
    fn from(subnet: Cidr) -> Self {
        Self { subnet, gateway: None, ip_range: None }
    }
}

/// A network as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// The whole id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The driver.
    pub driver: String,
    /// Whether containers get IPv6 addresses.
    pub ipv6: bool,
    /// Whether it has no way out.
    pub internal: bool,
    /// Its subnets in the engine's order.
    pub subnets: Vec<Subnet>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The running containers in it, sorted by name.
    pub containers: Vec<Member>,
}

impl Network {
    /// The first IPv4 subnet.
    pub fn ipv4_subnet(&self) -> Option<&Subnet> {
        self.subnets.iter().find(|one| one.subnet.is_ipv4())
    }

    /// The first IPv6 subnet.
    pub fn ipv6_subnet(&self) -> Option<&Subnet> {
        self.subnets.iter().find(|one| !one.subnet.is_ipv4())
    }
}

/// A running container of a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Member {
    /// The container's name.
    pub name: String,
    /// The container's id.
    pub id: String,
    /// Its IPv4 address here.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address here.
    pub ipv6: Option<Ipv6Addr>,
}

/// Create a network and return its id.
///
/// Engines before API 1.44 would make a second network of the same name. So the name is looked up first; two callers at the
/// same moment may still both succeed, which [`named`] shows.
///
/// # Errors
/// `docker::name_taken`, `docker::subnet_taken`, `docker::no_ipv6`.
pub async fn create(docker: &Docker, spec: &NetworkSpec) -> Result<String, Error> {
    checked_name(&spec.name)?;
    if !ids(docker, &spec.name).await?.is_empty() {
        return Err(Error::NameTaken { name: spec.name.clone(), by: "a network".to_owned() });
    }
    let created = docker.api().create_network(request(spec)).await;
    created.map(|created| created.id).map_err(|error| Error::about("create", Subject::Network(&spec.name), error))
}

/// Make sure that there is a network of this specification. Returns it and whether it was created. One that exists must have the
/// wanted driver and subnets and be internal and have IPv6 as wanted; options and labels are not compared.
///
/// # Errors
/// As [`create`]; `docker::differs` with what is different.
pub async fn ensure(docker: &Docker, spec: &NetworkSpec) -> Result<(Network, bool), Error> {
    match create(docker, spec).await {
        Ok(id) => inspect(docker, &id).await.map(|made| (made, true)),
        Err(Error::NameTaken { .. }) => {
            let there = inspect(docker, &spec.name).await?;
            difference(spec, &there).map_or(Ok((there, false)), Err)
        }
        Err(error) => Err(error),
    }
}

fn difference(spec: &NetworkSpec, there: &Network) -> Option<Error> {
    let missing = spec.subnets.iter().find(|one| !there.subnets.iter().any(|other| other.subnet == one.subnet));
    let subnets = || there.subnets.iter().map(|one| one.subnet.to_string()).collect::<Vec<_>>().join(", ");
    let driver = spec.driver.as_deref().unwrap_or("bridge");
    let differs = |aspect, expected: &dyn std::fmt::Display, found: &dyn std::fmt::Display| Error::Differs {
        subject: format!("network `{}`", there.name),
        aspect,
        expected: expected.to_string(),
        found: found.to_string(),
    };
    if driver != there.driver {
        return Some(differs("a driver", &driver, &there.driver));
    }
    if let Some(missing) = missing {
        return Some(differs("subnets", &missing.subnet, &subnets()));
    }
    if spec.internal != there.internal {
        return Some(differs("an `internal`", &spec.internal, &there.internal));
    }
    (spec.ipv6 && !there.ipv6).then(|| differs("an `ipv6`", &true, &false))
}

/// The specification in the engine's words.
fn request(spec: &NetworkSpec) -> NetworkCreateRequest {
    let config = spec.subnets.iter().map(|one| IpamConfig {
        subnet: Some(one.subnet.to_string()),
        ip_range: one.ip_range.map(|range| range.to_string()),
        gateway: one.gateway.map(|address| address.to_string()),
        ..IpamConfig::default()
    });
    let ipam = Ipam { config: Some(config.collect()), ..Ipam::default() };
    let map = |map: &BTreeMap<String, String>| Some(map.clone().into_iter().collect());
    NetworkCreateRequest {
        name: spec.name.clone(),
        driver: Some(spec.driver.clone().unwrap_or_else(|| "bridge".to_owned())),
        internal: Some(spec.internal),
        enable_ipv6: Some(spec.ipv6),
        ipam: (!spec.subnets.is_empty()).then_some(ipam),
        options: map(&spec.options),
        labels: map(&spec.labels),
        ..NetworkCreateRequest::default()
    }
}

/// A network as it is, by name or id.
///
/// # Errors
/// `docker::no_network`.
pub async fn inspect(docker: &Docker, network: &str) -> Result<Network, Error> {
    checked_name(network)?;
    let found = docker.api().inspect_network(network, None).await;
    found.map(Network::from).map_err(|error| Error::about("inspect", Subject::Network(network), error))
}

/// As [`inspect`], but a network that does not exist is no error.
///
/// # Errors
/// When the engine does not answer.
pub async fn find(docker: &Docker, network: &str) -> Result<Option<Network>, Error> {
    match inspect(docker, network).await {
        Err(Error::NoNetwork { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// All networks that have exactly this name; more than one is possible with engines before API 1.44. Sorted by id.
///
/// # Errors
/// When the engine does not answer.
pub async fn named(docker: &Docker, name: &str) -> Result<Vec<Network>, Error> {
    every(docker, ids(docker, name).await?).await
}

/// All networks, sorted by name.
///
/// # Errors
/// When the engine does not answer.
pub async fn list(docker: &Docker) -> Result<Vec<Network>, Error> {
    let found = docker.api().list_networks(None).await.map_err(|error| Error::engine("list networks", error))?;
    let mut all = every(docker, found.into_iter().filter_map(|one| one.id).collect()).await?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// All networks in the engine's own words, without the containers in them.
///
/// # Errors
/// When the engine does not answer.
pub async fn list_raw(docker: &Docker) -> Result<Vec<serde_json::Value>, Error> {
    let found = docker.api().list_networks(None).await.map_err(|error| Error::engine("list networks", error))?;
    let raw: Result<Vec<serde_json::Value>, _> = found.into_iter().map(serde_json::to_value).collect();
    raw.map_err(|error| Error::engine("list networks", error.into()))
}

/// The ids of the networks with exactly this name, sorted. The engine's own filter lets every name through that contains it.
async fn ids(docker: &Docker, name: &str) -> Result<Vec<String>, Error> {
    let options = ListNetworksOptionsBuilder::new().filters(&HashMap::from([("name", vec![name])])).build();
    let found =
        docker.api().list_networks(Some(options)).await.map_err(|error| Error::engine("list networks", error))?;
    let exact = found.into_iter().filter(|one| one.name.as_deref() == Some(name));
    let mut ids: Vec<String> = exact.filter_map(|one| one.id).collect();
    ids.sort();
    Ok(ids)
}

/// Only inspection tells the containers. Networks that have gone meanwhile are left out.
async fn every(docker: &Docker, ids: Vec<String>) -> Result<Vec<Network>, Error> {
    let found: Vec<Result<Option<Network>, Error>> =
        stream::iter(ids.into_iter().map(|id| async move { find(docker, &id).await })).buffered(16).collect().await;
    found.into_iter().filter_map(Result::transpose).collect()
}

/// How a container joins a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The IPv4 address it shall have; the network must have a subnet that was asked for.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address it shall have.
    pub ipv6: Option<Ipv6Addr>,
    /// More names for it in this network.
    pub aliases: Vec<String>,
}

/// Connect a container with a network; one that is in it already is left alone. Returns whether it was connected.
///
/// # Errors
/// `docker::no_network`, `docker::no_container`.
pub async fn connect(docker: &Docker, network: &str, container: &str, how: &Connection) -> Result<bool, Error> {
    let (found, there) = futures::try_join!(inspect(docker, network), crate::containers::inspect(docker, container))?;
    if there.networks.contains_key(&found.name) {
        return Ok(false);
    }
    let address = EndpointIpamConfig {
        ipv4_address: how.ipv4.map(|address| address.to_string()),
        ipv6_address: how.ipv6.map(|address| address.to_string()),
        ..EndpointIpamConfig::default()
    };
    let settings = EndpointSettings {
        aliases: (!how.aliases.is_empty()).then(|| how.aliases.clone()),
        ipam_config: (how.ipv4.is_some() || how.ipv6.is_some()).then_some(address),
        ..EndpointSettings::default()
    };
    let request = NetworkConnectRequest { container: there.id, endpoint_config: Some(settings) };
    let done = docker.api().connect_network(&found.id, request).await;
    done.map(|()| true).map_err(|error| Error::about("connect a container with", Subject::Network(network), error))
}

/// Disconnect a container from a network; one that is not in it, or does not exist, is no error. Returns whether it was
/// disconnected.
///
/// # Errors
/// `docker::no_network`.
pub async fn disconnect(docker: &Docker, network: &str, container: &str) -> Result<bool, Error> {
    let found = inspect(docker, network).await?;
    let Some(there) = crate::containers::find(docker, container).await? else { return Ok(false) };
    if !there.networks.contains_key(&found.name) {
        return Ok(false);
    }
    let request = NetworkDisconnectRequest { container: there.id, force: Some(true) };
    let done = docker.api().disconnect_network(&found.id, request).await;
    done.map(|()| true).map_err(|error| Error::about("disconnect a container from", Subject::Network(network), error))
}

/// Remove a network by name or id; one that does not exist is no error. Returns whether there was one.
///
/// # Errors
/// `docker::in_use` while containers are connected with it.
pub async fn remove(docker: &Docker, network: &str) -> Result<bool, Error> {
    checked_name(network)?;
    match docker.api().remove_network(network).await {
        Ok(()) => Ok(true),
        Err(Api::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(error) => Err(Error::about("remove", Subject::Network(network), error)),
    }
}

impl From<NetworkInspect> for Network {
    fn from(found: NetworkInspect) -> Self {
        let ipam = found.ipam.unwrap_or_default().config.unwrap_or_default();
        let member = |(id, one): (String, bollard::models::EndpointResource)| Member {
            id,
            name: one.name.unwrap_or_default(),
            ipv4: address(one.ipv4_address),
            ipv6: address(one.ipv6_address),
        };
        let mut containers: Vec<Member> = found.containers.unwrap_or_default().into_iter().map(member).collect();
        containers.sort();
        Self {
            id: found.id.unwrap_or_default(),
            name: found.name.unwrap_or_default(),
            driver: found.driver.unwrap_or_default(),
            ipv6: found.enable_ipv6.unwrap_or(false),
            internal: found.internal.unwrap_or(false),
            subnets: ipam.into_iter().filter_map(subnet).collect(),
            options: found.options.unwrap_or_default().into_iter().collect(),
            labels: found.labels.unwrap_or_default().into_iter().collect(),
            containers,
        }
    }
}

fn subnet(found: IpamConfig) -> Option<Subnet> {
    Some(Subnet {
        subnet: found.subnet?.parse().ok()?,
        gateway: address(found.gateway),
        ip_range: found.ip_range.and_then(|range| range.parse().ok()),
    })
}

/// An address; the engine writes some of them with the length of their prefix, and leaves missing ones empty.
fn address<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
    text.and_then(|text| text.split('/').next().and_then(|address| address.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_specification_is_written_as_the_client_writes_it() {
        let spec: NetworkSpec = serde_json::from_value(json!({
            "name": "kind", "ipv6": true, "subnets": [{ "subnet": "fc00:f853:ccd:e793::/64" }],
            "options": { "com.docker.network.bridge.enable_ip_masquerade": "true" },
        }))
        .unwrap();
        let expected = json!({
            "Name": "kind", "Driver": "bridge", "Internal": false, "EnableIPv6": true, "Labels": {},
            "IPAM": { "Config": [{ "Subnet": "fc00:f853:ccd:e793::/64" }] },
            "Options": { "com.docker.network.bridge.enable_ip_masquerade": "true" },
        });
        assert_eq!(serde_json::to_value(request(&spec)).unwrap(), expected);
    }

    #[test]
    fn a_network_that_is_not_as_wanted_says_in_what() {
        let there = Network {
            id: "1".into(),
            name: "a".into(),
            driver: "bridge".into(),
            ipv6: false,
            internal: false,
            subnets: vec![Subnet::from("10.0.0.0/24".parse::<Cidr>().unwrap())],
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            containers: Vec::new(),
        };
        let same = NetworkSpec { name: "a".into(), ..NetworkSpec::default() };
        assert!(difference(&same, &there).is_none());
        let text = |spec: NetworkSpec| difference(&spec, &there).unwrap().to_string();
        let other = vec![Subnet::from("10.0.1.0/24".parse::<Cidr>().unwrap())];
        let subnets = text(NetworkSpec { subnets: other, ..same.clone() });
        assert_eq!(subnets, "network `a` exists with subnets of its own: expected `10.0.1.0/24`, found `10.0.0.0/24`");
        let ipv6 = text(NetworkSpec { ipv6: true, ..same.clone() });
        assert_eq!(ipv6, "network `a` exists with an `ipv6` of its own: expected `true`, found `false`");
    }

    #[test]
    fn what_the_engine_tells_is_read_by_family() {
        let found: NetworkInspect = serde_json::from_value(json!({
            "Name": "kind", "Id": "1", "Driver": "bridge", "EnableIPv6": true, "Created": "2024-01-01T00:00:00Z",
            "IPAM": { "Driver": "default", "Options": {}, "Config": [
                { "Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1" }, { "Subnet": "fc00::/64", "Gateway": "fc00::1/64" },
            ] },
            "Containers": { "9": { "Name": "a", "EndpointID": "e", "MacAddress": "m", "IPv4Address": "172.18.0.2/16", "IPv6Address": "" } },
        }))
        .unwrap();
        let network = Network::from(found);
        assert_eq!(network.ipv4_subnet().unwrap().gateway, Some("172.18.0.1".parse().unwrap()));
        assert_eq!(network.ipv6_subnet().unwrap().gateway, Some("fc00::1".parse().unwrap()));
        let expected =
            Member { id: "9".into(), name: "a".into(), ipv4: Some(Ipv4Addr::new(172, 18, 0, 2)), ipv6: None };
        assert_eq!(network.containers, [expected]);
    }
}

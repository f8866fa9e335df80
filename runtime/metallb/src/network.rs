//! The container network in which address pools must lie.

use std::net::{IpAddr, Ipv4Addr};

use meshrun_terms::Cidr;
use serde::{Deserialize, Serialize};

use crate::{error::Error, range::Range};

/// A container network, as the engine tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Network {
    /// Its name, for errors: `kind`.
    pub name: String,
    /// Its subnets, in any order; those of IPv6 are passed over.
    pub subnets: Vec<Subnet>,
    /// The addresses that containers have.
    #[serde(default)]
    pub in_use: Vec<Used>,
}

/// A subnet of a container network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Subnet {
    /// The subnet: `172.18.0.0/16`.
    pub subnet: Cidr,
    /// The address of the engine in it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub gateway: Option<IpAddr>,
    /// The part out of which the engine gives addresses to containers, when it is not the whole subnet.
    #[serde(default)]
    pub ip_range: Option<Cidr>,
}

/// An address that a container has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Used {
    /// The address.
    #[schemars(with = "String")]
    pub address: IpAddr,
    /// The name of the container.
    #[serde(default)]
    pub by: String,
}

/// An IPv4 subnet as plain ranges.
#[derive(Debug, Clone)]
pub(crate) struct Area {
    pub subnet: Cidr,
    /// All of it.
    pub whole: Range,
    /// Where pools may lie as far as the engine is concerned.
    pub open: Vec<Range>,
    /// Single addresses of it that are taken, and what has them.
    pub taken: Vec<(Ipv4Addr, String)>,
}

impl Network {
    /// The subnets of IPv4.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn areas(&self) -> Result<Vec<Area>, Error> {
        let areas: Vec<Area> = self.subnets.iter().filter_map(|subnet| self.area(subnet)).collect();
        if areas.is_empty() {
            return Err(Error::NoIpv4Subnet { network: self.name.clone() });
        }
        Ok(areas)
    }

    fn area(&self, Subnet { subnet, gateway, ip_range }: &Subnet) -> Option<Area> {
        let whole = ipv4(subnet)?;
        let mut taken = vec![(whole.first(), "the network itself".to_owned()), (whole.last(), "broadcasts".to_owned())];
        if let Some(IpAddr::V4(gateway)) = *gateway {
            taken.push((gateway, "the gateway".to_owned()));
        }
        taken.extend(self.in_use.iter().filter_map(|Used { address, by }| match address {
            IpAddr::V4(address) if whole.contains(*address) => Some((*address, format!("container `{by}`"))),
            _ => None,
        }));
        Some(Area { subnet: *subnet, whole, open: open(whole, ip_range.as_ref().and_then(ipv4)), taken })
    }
}

/// What the engine leaves alone: all but its own range if it has one, else the upper half, for it gives out addresses from
/// the bottom.
fn open(whole: Range, engine: Option<Range>) -> Vec<Range> {
    let outside = engine.map(|engine| whole.without(&engine)).unwrap_or_default();
    if !outside.is_empty() {
        return outside;
    }
    let half = u32::try_from(whole.size() / 2).unwrap_or(u32::MAX);
    whole.top(half).into_iter().collect()
}

fn ipv4(cidr: &Cidr) -> Option<Range> {
    match cidr.0 {
        ipnet::IpNet::V4(subnet) => Some(subnet.into()),
        ipnet::IpNet::V6(_) => None,
    }
}

//! A range of addresses.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

use crate::{Invalid, written_as_string};

const EXPECTED: &str = "a subnet in CIDR notation, such as \"10.244.0.0/16\"";

/// A subnet in CIDR notation, IPv4 or IPv6: `"172.18.0.0/16"`. Host bits are cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(pub IpNet);

impl Cidr {
    /// Whether the address lies in the subnet.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the two subnets share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0.network()) || other.0.contains(&self.0.network())
    }

    /// Whether the subnet is one of IPv4 addresses.
    pub fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }
}

impl FromStr for Cidr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse::<IpNet>().map(|net| Self(net.trunc())).map_err(|_| Invalid::new(EXPECTED, text))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

written_as_string!(Cidr, "cidr", EXPECTED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_normalised_and_compared() {
        let cidr: Cidr = "172.18.3.4/16".parse().unwrap();
        assert_eq!(cidr.to_string(), "172.18.0.0/16");
        assert!(cidr.contains("172.18.255.1".parse().unwrap()));
        assert!(cidr.overlaps(&"172.18.7.0/24".parse().unwrap()));
        assert!(!cidr.overlaps(&"172.19.0.0/16".parse().unwrap()));
        assert!("172.18.0.0".parse::<Cidr>().is_err());
    }
}

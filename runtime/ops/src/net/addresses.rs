//! Addresses as scripts write them: one, a subnet, or a range.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Consecutive addresses of one family, both ends included. Scripts write `"172.18.0.2"`, `"172.18.0.0/16"` or
/// `"172.18.255.200-172.18.255.219"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    first: IpAddr,
    last: IpAddr,
}

const EXPECTED: &str =
    "an address, a subnet or a range, such as \"172.18.0.2\", \"172.18.0.0/16\" or \"172.18.0.10-172.18.0.20\"";

impl Addresses {
    /// The lowest address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether all of the other's addresses are among these.
    pub fn contains(&self, other: &Self) -> bool {
        self.is_of_family(other) && self.first <= other.first && other.last <= self.last
    }

    /// Whether the two share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_of_family(other) && self.first <= other.last && other.first <= self.last
    }

    /// How many there are, less one: all of IPv6 would not fit otherwise.
    pub fn span(&self) -> u128 {
        bits(self.last) - bits(self.first)
    }

    /// The address at a place: 0 is the first, -1 the last.
    pub fn nth(&self, place: i64) -> Option<IpAddr> {
        let steps = u128::from(place.unsigned_abs());
        let offset = if place < 0 { (self.span() + 1).checked_sub(steps)? } else { steps };
        (offset <= self.span()).then(|| of_bits(bits(self.first) + offset, self.first))
    }

    fn is_of_family(&self, other: &Self) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4()
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of these bits, of the same family as another.
fn of_bits(bits: u128, like: IpAddr) -> IpAddr {
    match (like, u32::try_from(bits)) {
        (IpAddr::V4(_), Ok(bits)) => std::net::Ipv4Addr::from_bits(bits).into(),
        _ => std::net::Ipv6Addr::from_bits(bits).into(),
    }
}

impl FromStr for Addresses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = if text.contains('/') {
            text.parse::<IpNet>().ok().map(|net| (net.network(), net.broadcast()))
        } else if let Some((first, last)) = text.split_once('-') {
            first.trim().parse().ok().zip(last.trim().parse().ok())
        } else {
            text.parse().ok().map(|address| (address, address))
        };
        parsed
            .filter(|(first, last): &(IpAddr, IpAddr)| first.is_ipv4() == last.is_ipv4() && first <= last)
            .map(|(first, last)| Self { first, last })
            .ok_or_else(|| format!("expected {EXPECTED}, found `{text}`"))
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(formatter);
        }
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Addresses;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(EXPECTED)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Addresses, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for Addresses {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Addresses".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "addresses" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Addresses {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_a_subnet_and_a_range_are_read() {
        assert_eq!(addresses("10.0.0.7/24").to_string(), "10.0.0.0-10.0.0.255");
        assert_eq!(addresses("10.0.0.7").to_string(), "10.0.0.7");
        assert_eq!(addresses("fc00::1-fc00::9").to_string(), "fc00::1-fc00::9");
        for bad in ["", "a", "10.0.0.9-10.0.0.1", "10.0.0.1-fc00::1", "10.0.0.0/33", "10.0.0"] {
            assert!(bad.parse::<Addresses>().is_err(), "{bad}");
        }
    }

    #[test]
    fn places_count_from_both_ends() {
        let subnet = addresses("172.18.0.0/16");
        for (place, found) in [
            (0, Some("172.18.0.0")),
            (1, Some("172.18.0.1")),
            (65_535, Some("172.18.255.255")),
            (65_536, None),
            (-1, Some("172.18.255.255")),
            (-65_536, Some("172.18.0.0")),
            (-65_537, None),
            (i64::MIN, None),
        ] {
            assert_eq!(subnet.nth(place).map(|address| address.to_string()).as_deref(), found, "{place}");
        }
        assert_eq!(addresses("fc00::/64").nth(-1).unwrap().to_string(), "fc00::ffff:ffff:ffff:ffff");
        assert_eq!(addresses("::1").nth(0).unwrap().to_string(), "::1");
    }

    #[test]
    fn families_never_meet() {
        assert!(addresses("172.18.0.0/16").contains(&addresses("172.18.3.0/24")));
        assert!(addresses("172.18.0.0/16").overlaps(&addresses("172.17.0.1-172.18.0.0")));
        assert!(!addresses("172.18.0.0/16").contains(&addresses("172.17.0.1-172.18.0.0")));
        assert!(!addresses("0.0.0.0/0").overlaps(&addresses("::/0")));
    }
}

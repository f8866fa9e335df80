//! A range of IPv4 addresses as MetalLB writes it.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::Ipv4Net;

/// Consecutive IPv4 addresses, both ends included. It is written `172.18.255.200-172.18.255.219`; a subnet
/// (`172.18.255.0/28`) and a single address are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

/// A text that is no range of IPv4 addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("expected addresses such as \"172.18.255.200-172.18.255.219\" or \"172.18.255.0/28\", found `{found}`")]
#[diagnostic(code("metallb::invalid_range"))]
pub struct InvalidRange {
    /// What was given.
    pub found: String,
}

impl Range {
    /// The addresses from `first` to `last`; nothing when `last` comes before `first`.
    pub fn new(first: Ipv4Addr, last: Ipv4Addr) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The lowest address.
    pub const fn first(&self) -> Ipv4Addr {
        self.first
    }

    /// The highest address.
    pub const fn last(&self) -> Ipv4Addr {
        self.last
    }

    /// How many addresses it holds.
    pub fn size(&self) -> u64 {
        u64::from(u32::from(self.last)) - u64::from(u32::from(self.first)) + 1
    }

    /// Whether the address lies in it.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address)
    }

    /// Whether the two share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Whether all of it lies in the other.
    pub fn is_inside(&self, other: &Self) -> bool {
        other.contains(self.first) && other.contains(self.last)
    }

    /// Its `size` highest addresses; nothing when it holds fewer, or when none is asked for.
    pub(crate) fn top(&self, size: u32) -> Option<Self> {
        let first = u32::from(self.last).checked_sub(size.checked_sub(1)?)?;
        Self::new(first.into(), self.last).filter(|top| top.is_inside(self))
    }

    /// What is left of it without the other, lower part first.
    pub(crate) fn without(&self, other: &Self) -> Vec<Self> {
        if !self.overlaps(other) {
            return vec![*self];
        }
        let below = u32::from(other.first).checked_sub(1).and_then(|last| Self::new(self.first, last.into()));
        let above = u32::from(other.last).checked_add(1).and_then(|first| Self::new(first.into(), self.last));
        below.into_iter().chain(above).collect()
    }
}

impl From<Ipv4Addr> for Range {
    fn from(address: Ipv4Addr) -> Self {
        Self { first: address, last: address }
    }
}

impl From<Ipv4Net> for Range {
    fn from(subnet: Ipv4Net) -> Self {
        Self { first: subnet.network(), last: subnet.broadcast() }
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let range = if let Some((first, last)) = text.split_once('-') {
            first.trim().parse().ok().zip(last.trim().parse().ok()).and_then(|(first, last)| Self::new(first, last))
        } else if text.contains('/') {
            text.trim().parse::<Ipv4Net>().ok().map(Self::from)
        } else {
            text.trim().parse::<Ipv4Addr>().ok().map(Self::from)
        };
        range.ok_or_else(|| InvalidRange { found: text.to_owned() })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

impl<'de> serde::Deserialize<'de> for Range {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for Range {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for Range {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AddressRange".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "address-range" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        text.parse().unwrap()
    }

    #[test]
    fn all_three_ways_of_writing_are_read_and_one_is_written() {
        assert_eq!(range("172.18.1.230-172.18.1.240").size(), 11);
        assert_eq!(range(" 10.0.0.1 - 10.0.0.2 ").to_string(), "10.0.0.1-10.0.0.2");
        assert_eq!(range("10.0.0.20/28").to_string(), "10.0.0.16-10.0.0.31");
        assert_eq!(range("10.0.0.1").to_string(), "10.0.0.1-10.0.0.1");
        assert_eq!(range("0.0.0.0/0").size(), 1 << 32);
        for bad in ["", "10.0.0.2-10.0.0.1", "10.0.0.0/33", "fc00::/64", "fc00::1-fc00::2", "a-b", "10.0.0.1-"] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_range_is_cut_without_losing_an_address() {
        let whole = range("10.0.0.10-10.0.0.20");
        assert_eq!(
            whole.without(&range("10.0.0.12-10.0.0.13")),
            [range("10.0.0.10-10.0.0.11"), range("10.0.0.14-10.0.0.20")]
        );
        assert_eq!(whole.without(&range("10.0.0.0-10.0.0.19")), [range("10.0.0.20")]);
        assert_eq!(whole.without(&range("10.0.0.0/8")), []);
        assert_eq!(whole.without(&range("10.0.0.21")), [whole]);
        assert_eq!(range("0.0.0.0/0").without(&range("0.0.0.0/0")), []);
        assert_eq!(whole.top(3), Some(range("10.0.0.18-10.0.0.20")));
        assert_eq!(whole.top(11), Some(whole));
        assert_eq!((whole.top(12), whole.top(0)), (None, None));
    }
}

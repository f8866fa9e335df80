//! Addresses: which subnet a network gets, and which address a container.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net};

use super::state::{Network, Subnet};

/// The first subnet of the engine's pools that nobody has: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/20 and so on.
pub(crate) fn free(networks: &[Network]) -> Option<Subnet> {
    let first = (17..32).filter_map(|part| Ipv4Net::new(Ipv4Addr::new(172, part, 0, 0), 16).ok());
    let second = (0..16).filter_map(|part| Ipv4Net::new(Ipv4Addr::new(192, 168, part * 16, 0), 20).ok());
    let net = first.chain(second).map(IpNet::from).find(|net| !overlaps(networks, net))?;
    Some(Subnet { net, range: None, gateway: net.hosts().next() })
}

/// Whether a subnet overlaps with one of a network.
pub(crate) fn overlaps(networks: &[Network], net: &IpNet) -> bool {
    let all = networks.iter().flat_map(|one| &one.subnets);
    all.into_iter().any(|one| one.net.contains(&net.network()) || net.contains(&one.net.network()))
}

/// The lowest free address of a family in a network.
pub(crate) fn address(network: &Network, taken: &BTreeSet<IpAddr>, ipv4: bool) -> Option<IpAddr> {
    let subnet = network.subnets.iter().find(|one| one.net.network().is_ipv4() == ipv4)?;
    let range = subnet.range.unwrap_or(subnet.net);
    // Not more than this many can be taken, so the search ends soon.
    range
        .hosts()
        .skip(usize::from(!ipv4 && range.hosts().next() == Some(subnet.net.network())))
        .take(70_000)
        .find(|one| !taken.contains(one))
}

/// The hardware address that belongs to an address.
pub(crate) fn hardware(ipv4: Option<Ipv4Addr>, ipv6: Option<Ipv6Addr>) -> String {
    let last: [u8; 4] = match (ipv4, ipv6) {
        (Some(address), _) => address.octets(),
        (None, Some(address)) => {
            let all = address.octets();
            [all[12], all[13], all[14], all[15]]
        }
        (None, None) => return String::new(),
    };
    last.iter().fold("02:42".to_owned(), |text, part| format!("{text}:{part:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_and_addresses_are_given_in_order() {
        let state = super::super::networks::fresh();
        let subnet = free(&state.networks).unwrap();
        assert_eq!(
            (subnet.net.to_string(), subnet.gateway),
            ("172.18.0.0/16".into(), Some("172.18.0.1".parse().unwrap()))
        );
        let bridge = &state.networks[0];
        let mut taken = state.taken(bridge);
        assert_eq!(address(bridge, &taken, true), Some("172.17.0.2".parse().unwrap()));
        taken.insert("172.17.0.2".parse().unwrap());
        assert_eq!(address(bridge, &taken, true), Some("172.17.0.3".parse().unwrap()));
        assert_eq!(address(bridge, &taken, false), None);
        assert_eq!(hardware(Some(Ipv4Addr::new(172, 18, 0, 2)), None), "02:42:ac:12:00:02");
    }
}

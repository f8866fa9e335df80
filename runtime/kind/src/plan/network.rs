//! The Docker network that clusters share: how it is created, and which of several with the same name stays.

use std::{collections::BTreeMap, net::Ipv6Addr};

use ipnet::Ipv6Net;
use meshrun_docker::{Network, NetworkSpec};
use meshrun_terms::Cidr;
use sha1::{Digest, Sha1};

/// How many IPv6 subnets are tried before it is given up.
pub const ATTEMPTS: i32 = 5;
/// The option of the network's driver, and of the engine's own bridge, for the size of packets.
pub const MTU_OPTION: &str = "com.docker.network.driver.mtu";

/// The network as it shall be created: the engine chooses the IPv4 subnet; the IPv6 one, if any, is `ipv6`.
pub fn spec(name: &str, ipv6: Option<Cidr>, mtu: Option<u32>) -> NetworkSpec {
    let mut options =
        BTreeMap::from([("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "true".to_owned())]);
    options.extend(mtu.map(|mtu| (MTU_OPTION.to_owned(), mtu.to_string())));
    NetworkSpec {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        ipv6: ipv6.is_some(),
        subnets: ipv6.into_iter().map(Into::into).collect(),
        options,
        ..NetworkSpec::default()
    }
}

/// The IPv6 subnet that kind gives a network of this name at this attempt: a unique local one, out of a hash of both.
pub fn ipv6_subnet(name: &str, attempt: i32) -> Cidr {
    let hash = Sha1::new().chain_update(name.as_bytes()).chain_update(attempt.to_le_bytes()).finalize();
    let mut address = [0; 16];
    address[..2].copy_from_slice(&[0xfc, 0x00]);
    address[2..8].copy_from_slice(&hash[2..8]);
    Cidr(Ipv6Net::new_assert(Ipv6Addr::from(address), 64).into())
}

/// Of several networks with the same name the ids of those that go: the one with the most containers stays, of equal ones that with the
/// lowest id. Every process decides alike.
pub fn surplus(mut networks: Vec<Network>) -> Vec<String> {
    networks.sort_by(|a, b| b.containers.len().cmp(&a.containers.len()).then_with(|| a.id.cmp(&b.id)));
    networks.into_iter().skip(1).map(|network| network.id).collect()
}

/// The size of packets on the engine's own bridge, when it is set.
pub fn mtu(bridge: &Network) -> Option<u32> {
    bridge.options.get(MTU_OPTION).and_then(|mtu| mtu.parse().ok()).filter(|mtu| *mtu > 0)
}

#[cfg(test)]
mod tests {
    use meshrun_docker::networks::Member;

    use super::*;

    #[test]
    fn subnets_are_those_of_kind() {
        for (name, attempt, subnet) in [
            ("kind", 0, "fc00:f853:ccd:e793::/64"),
            ("kind", 1, "fc00:8866:27d0:bd7e::/64"),
            ("kind", 2, "fc00:ddd9:fcae:c61c::/64"),
            ("kind", 3, "fc00:aa7c:42e1:abd3::/64"),
            ("kind", 4, "fc00:3131:6ea8:d73a::/64"),
            ("foo", 1, "fc00:8edf:7f02:ec8f::/64"),
            ("foo", 2, "fc00:9968:306b:2c65::/64"),
            ("kind2", 0, "fc00:444c:147a:44ab::/64"),
            ("kin", 0, "fc00:fcd9:c2be:8e23::/64"),
            ("mysupernetwork", 0, "fc00:7ae1:1e0d:b4d4::/64"),
        ] {
            assert_eq!(ipv6_subnet(name, attempt).to_string(), subnet, "{name} {attempt}");
        }
    }

    fn network(id: &str, containers: usize) -> Network {
        let member =
            |number: usize| Member { name: number.to_string(), id: number.to_string(), ipv4: None, ipv6: None };
        Network {
            id: id.to_owned(),
            name: "kind".to_owned(),
            driver: "bridge".to_owned(),
            ipv6: false,
            internal: false,
            subnets: Vec::new(),
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            containers: (0..containers).map(member).collect(),
        }
    }

    #[test]
    fn the_fullest_network_stays_and_among_equals_the_first_id() {
        assert_eq!(surplus(vec![network("b", 0), network("c", 2), network("a", 0)]), ["a", "b"]);
        assert_eq!(surplus(vec![network("b", 1), network("a", 1)]), ["b"]);
        assert_eq!(surplus(vec![network("b", 0)]), [""; 0]);
    }

    #[test]
    fn the_request_is_kinds() {
        let expected = serde_json::json!({
            "name": "kind", "driver": "bridge", "ipv6": true, "internal": false, "labels": {},
            "subnets": [{ "subnet": "fc00:f853:ccd:e793::/64", "gateway": null, "ip_range": null }],
            "options": { "com.docker.network.bridge.enable_ip_masquerade": "true", "com.docker.network.driver.mtu": "1400" },
        });
        assert_eq!(serde_json::to_value(spec("kind", Some(ipv6_subnet("kind", 0)), Some(1400))).unwrap(), expected);
        let plain = spec("kind", None, None);
        assert!(!plain.ipv6 && plain.subnets.is_empty() && plain.options.len() == 1);
    }
}

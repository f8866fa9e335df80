//! Plans of many kinds of networks.

use meshrun_terms::Cidr;
use miette::Diagnostic;

use super::*;
use crate::network::{Subnet, Used};

fn network(subnet: &str) -> Network {
    let subnet: Cidr = subnet.parse().unwrap();
    let ipnet::IpNet::V4(net) = subnet.0 else { panic!("{subnet} is not of IPv4") };
    let hosts: Vec<_> = net.hosts().take(3).collect();
    Network {
        name: "kind".to_owned(),
        subnets: vec![
            Subnet { subnet: "fc00:f853:ccd:e793::/64".parse().unwrap(), gateway: None, ip_range: None },
            Subnet { subnet, gateway: Some(hosts[0].into()), ip_range: None },
        ],
        in_use: vec![
            Used { address: hosts[1].into(), by: "cluster1-control-plane".to_owned() },
            Used { address: hosts[2].into(), by: "cluster2-control-plane".to_owned() },
            Used { address: "fc00:f853:ccd:e793::2".parse().unwrap(), by: "cluster1-control-plane".to_owned() },
        ],
    }
}

fn claim(cluster: &str, size: u32) -> Claim {
    Claim { cluster: cluster.to_owned(), pool: "first-pool".to_owned(), size, range: None, existing: Vec::new() }
}

fn asks(cluster: &str, range: &str) -> Claim {
    Claim { range: Some(range.parse().unwrap()), ..claim(cluster, 5) }
}

fn has(cluster: &str, size: u32, pool: &str, ranges: &[&str]) -> Claim {
    let ranges = ranges.iter().map(|range| range.parse().unwrap()).collect();
    Claim { existing: vec![Pool { name: pool.to_owned(), ranges }], ..claim(cluster, size) }
}

fn ranges(plan: &[Assignment]) -> Vec<String> {
    plan.iter()
        .map(|found| {
            format!("{} {} {}{}", found.cluster, found.pool, found.range, if found.kept { " kept" } else { "" })
        })
        .collect()
}

fn text(error: &Error) -> String {
    let help = error.help().map(|help| help.to_string()).unwrap_or_default();
    format!("{}: {error} ({help})", error.code().map(|code| code.to_string()).unwrap_or_default())
}

#[test]
fn pools_come_from_the_top_of_subnets_of_every_size() {
    for (subnet, size, expected) in [
        ("172.18.0.0/16", 20, ["172.18.255.235-172.18.255.254", "172.18.255.215-172.18.255.234"]),
        ("172.19.16.0/20", 20, ["172.19.31.235-172.19.31.254", "172.19.31.215-172.19.31.234"]),
        ("192.168.228.0/24", 11, ["192.168.228.244-192.168.228.254", "192.168.228.233-192.168.228.243"]),
        ("10.89.0.64/28", 3, ["10.89.0.76-10.89.0.78", "10.89.0.73-10.89.0.75"]),
        ("10.0.0.0/8", 300, ["10.255.254.211-10.255.255.254", "10.255.253.167-10.255.254.210"]),
    ] {
        let plan = plan(&network(subnet), &[claim("a", size), claim("b", size)]).unwrap();
        let found: Vec<_> = plan.iter().map(|found| found.range.to_string()).collect();
        assert_eq!(found, expected, "{subnet}");
    }
}

#[test]
fn planning_again_changes_nothing_and_a_new_cluster_comes_below() {
    let network = network("172.18.0.0/16");
    let first = plan(&network, &[claim("a", 10), claim("b", 10)]).unwrap();
    let again: Vec<Claim> = first
        .iter()
        .map(|found| has(&found.cluster, 10, "first-pool", &[&found.range.to_string()]))
        .chain([claim("c", 10)])
        .collect();
    assert_eq!(
        ranges(&plan(&network, &again).unwrap()),
        [
            "a first-pool 172.18.255.245-172.18.255.254 kept",
            "b first-pool 172.18.255.235-172.18.255.244 kept",
            "c first-pool 172.18.255.225-172.18.255.234",
        ]
    );
}

#[test]
fn pools_that_are_no_longer_good_are_replaced() {
    let mut network = network("172.18.0.0/16");
    network.in_use.push(Used { address: "172.18.200.5".parse().unwrap(), by: "other".to_owned() });
    let claims = [
        has("outside", 10, "first-pool", &["172.19.255.200-172.19.255.250"]),
        has("keeps", 10, "mine", &["172.18.1.230-172.18.1.240"]),
        has("doubles", 10, "first-pool", &["172.18.1.235-172.18.1.250"]),
        has("small", 10, "first-pool", &["172.18.2.0/29"]),
        has("taken", 10, "first-pool", &["172.18.200.0-172.18.200.20"]),
        has("two", 10, "first-pool", &["172.18.3.0/28", "172.18.4.0/28"]),
    ];
    assert_eq!(
        ranges(&plan(&network, &claims).unwrap()),
        [
            "outside first-pool 172.18.255.245-172.18.255.254",
            "keeps mine 172.18.1.230-172.18.1.240 kept",
            "doubles first-pool 172.18.255.235-172.18.255.244",
            "small first-pool 172.18.255.225-172.18.255.234",
            "taken first-pool 172.18.255.215-172.18.255.224",
            "two first-pool 172.18.255.205-172.18.255.214",
        ]
    );
}

#[test]
fn what_others_have_at_the_top_is_gone_around() {
    let mut network = network("172.18.0.0/24");
    network.in_use.push(Used { address: "172.18.0.250".parse().unwrap(), by: "registry".to_owned() });
    let claims = [claim("a", 4), claim("b", 10), has("c", 10, "first-pool", &["172.18.0.230-172.18.0.245"])];
    assert_eq!(
        ranges(&plan(&network, &claims).unwrap()),
        [
            "a first-pool 172.18.0.251-172.18.0.254",
            "b first-pool 172.18.0.220-172.18.0.229",
            "c first-pool 172.18.0.230-172.18.0.245 kept",
        ]
    );
}

#[test]
fn an_engine_with_a_range_of_its_own_keeps_it_to_itself() {
    let mut network = network("172.18.0.0/24");
    network.subnets[1].ip_range = Some("172.18.0.128/25".parse().unwrap());
    assert_eq!(ranges(&plan(&network, &[claim("a", 10)]).unwrap()), ["a first-pool 172.18.0.118-172.18.0.127"]);
    network.subnets[1].ip_range = Some("172.18.0.0/24".parse().unwrap());
    assert_eq!(ranges(&plan(&network, &[claim("a", 10)]).unwrap()), ["a first-pool 172.18.0.245-172.18.0.254"]);
}

#[test]
fn a_second_subnet_is_used_when_the_first_is_full() {
    let mut network = network("10.89.0.0/28");
    network.subnets.push(Subnet { subnet: "10.90.0.0/24".parse().unwrap(), gateway: None, ip_range: None });
    assert_eq!(
        ranges(&plan(&network, &[claim("a", 5), claim("b", 5)]).unwrap()),
        ["a first-pool 10.89.0.10-10.89.0.14", "b first-pool 10.90.0.250-10.90.0.254"]
    );
}

#[test]
fn a_network_without_room_says_what_is_left() {
    let error = plan(&network("10.89.0.0/28"), &[claim("a", 5), claim("b", 5)]).unwrap_err();
    assert_eq!(
        text(&error),
        "metallb::no_room: cluster `b` wants 5 addresses in a row, but network `kind` (10.89.0.0/28) has 2 left for pools \
         (ask for at most 3 per cluster)"
    );
    let error = plan(&network("10.89.0.0/29"), &vec![claim("a", 1); 9]).unwrap_err();
    assert!(text(&error).contains("remove containers or pools"), "{}", text(&error));
}

#[test]
fn a_network_of_ipv6_alone_is_refused() {
    let mut network = network("10.89.0.0/28");
    network.subnets.pop();
    let error = plan(&network, &[claim("a", 5)]).unwrap_err();
    assert_eq!(error.to_string(), "network `kind` has no IPv4 subnet");
}

#[test]
fn ranges_that_were_asked_for_are_taken_as_they_are() {
    let claims = [asks("a", "172.18.1.230-172.18.1.240"), claim("b", 5), asks("c", "172.18.255.240/29")];
    assert_eq!(
        ranges(&plan(&network("172.18.0.0/16"), &claims).unwrap()),
        [
            "a first-pool 172.18.1.230-172.18.1.240",
            "b first-pool 172.18.255.250-172.18.255.254",
            "c first-pool 172.18.255.240-172.18.255.247",
        ]
    );
    let mut again = asks("a", "172.18.1.230-172.18.1.240");
    again.existing = has("a", 5, "mine", &["172.18.1.230-172.18.1.240"]).existing;
    assert_eq!(ranges(&plan(&network("172.18.0.0/16"), &[again]).unwrap()), ["a mine 172.18.1.230-172.18.1.240 kept"]);
}

#[test]
fn ranges_that_cannot_be_had_say_what_is_in_the_way() {
    let refused = |claims: &[Claim]| plan(&network("172.18.0.0/16"), claims).unwrap_err().to_string();
    assert_eq!(
        refused(&[asks("a", "172.19.1.230-172.19.1.240")]),
        "172.19.1.230-172.19.1.240 for cluster `a` lies outside network `kind` (172.18.0.0/16)"
    );
    assert_eq!(
        refused(&[asks("a", "172.18.1.0/28"), asks("b", "172.18.1.10-172.18.1.20")]),
        "172.18.1.10-172.18.1.20 for cluster `b` overlaps 172.18.1.0-172.18.1.15 of cluster `a`"
    );
    assert_eq!(
        refused(&[asks("a", "172.18.1.1-172.18.1.3")]),
        "172.18.1.1-172.18.1.3 for cluster `a` holds 3 addresses, expected at least 5"
    );
    assert_eq!(
        refused(&[asks("a", "172.18.0.2-172.18.0.20")]),
        "172.18.0.2-172.18.0.20 for cluster `a` holds 172.18.0.2, which belongs to container `cluster1-control-plane`"
    );
    assert_eq!(
        refused(&[asks("a", "172.18.255.240-172.18.255.255")]),
        "172.18.255.240-172.18.255.255 for cluster `a` holds 172.18.255.255, which belongs to broadcasts"
    );
    assert_eq!(
        refused(&[asks("a", "172.18.1.0/28"), has("b", 5, "first-pool", &["172.18.1.8-172.18.1.30"])]),
        "172.18.1.0-172.18.1.15 for cluster `a` overlaps 172.18.1.8-172.18.1.30 of cluster `b`"
    );
}

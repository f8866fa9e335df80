//! The checks of an IstioOperator's spec that `force` turns into warnings: values, mesh configuration, names.

use std::{net::IpAddr, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use crate::operator::{
    mesh_check::check_mesh,
    problem::Problem,
    schema::{MESH_CONFIG, Reading, VALUES, decode},
};

/// All that is wrong with a spec whose own fields have been read already.
pub fn check_spec(spec: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(values) = spec.get("values") {
        problems.extend(check_values(values));
    }
    if let Some(mesh) = spec.get("meshConfig") {
        problems.extend(check_mesh_config(mesh, "spec.meshConfig"));
    }
    let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or_default();
    problems.extend(check_hub(text("hub")));
    problems.extend(check_tag(text("tag")));
    problems.extend(check_revision(text("revision")));
    for list in ["ingressGateways", "egressGateways"] {
        problems.extend(check_gateway_names(spec, list));
    }
    problems
}

fn check_values(values: &Value) -> Vec<Problem> {
    let mut problems = decode(&VALUES, values, Reading::Strict, "spec.values").problems;
    if !problems.is_empty() {
        return problems;
    }
    let proxy = values.pointer("/global/proxy");
    let text = |key: &str| proxy.and_then(|proxy| proxy.get(key)).and_then(Value::as_str);
    for key in ["includeIPRanges", "excludeIPRanges"] {
        problems.extend(text(key).into_iter().flat_map(|ranges| check_ranges(key, ranges)));
    }
    for key in ["includeInboundPorts", "excludeInboundPorts"] {
        problems.extend(text(key).into_iter().flat_map(|ports| check_ports(key, ports)));
    }
    if let Some(mesh) = values.get("meshConfig").filter(|mesh| !mesh.is_null()) {
        problems.extend(check_mesh_config(mesh, "spec.values.meshConfig"));
    }
    problems
}

fn check_mesh_config(mesh: &Value, path: &str) -> Vec<Problem> {
    let read = decode(&MESH_CONFIG, mesh, Reading::Explicit, path);
    if read.problems.is_empty() { check_mesh(&read.value, path) } else { read.problems }
}

/// Ranges of addresses, separated by commas; `*` alone is all of them.
fn check_ranges(key: &str, ranges: &str) -> Vec<Problem> {
    if ranges.is_empty() || ranges == "*" {
        return Vec::new();
    }
    let wrong = ranges.split(',').filter(|range| !is_range(range));
    wrong
        .map(|range| {
            let text = format!("expected ranges such as `10.0.0.0/8,172.16.0.0/12` or `*`, found `{range}`");
            Problem::at(format!("spec.values.global.proxy.{key}"), text)
        })
        .collect()
}

fn is_range(text: &str) -> bool {
    let Some((address, length)) = text.rsplit_once('/') else { return false };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let plain = length == "0" || (!length.starts_with('0') && length.bytes().all(|b| b.is_ascii_digit()));
    let most: u8 = if address.is_ipv4() { 32 } else { 128 };
    plain && length.parse::<u8>().is_ok_and(|length| length <= most)
}

/// Ports, separated by commas; `*` is all of them.
fn check_ports(key: &str, ports: &str) -> Vec<Problem> {
    let wrong = ports
        .split(',')
        .filter(|port| !(port.is_empty() || *port == "*"))
        .filter(|port| !port.parse::<i32>().is_ok_and(|port| (0..=65_535).contains(&port)));
    wrong
        .map(|port| {
            let text = format!("expected ports from 0 to 65535 such as `80,8080` or `*`, found `{port}`");
            Problem::at(format!("spec.values.global.proxy.{key}"), text)
        })
        .collect()
}

/// The names that Docker accepts for an image, which is what a hub is a part of.
fn check_hub(hub: &str) -> Option<Problem> {
    // The grammar of Docker's image references.
    static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let domain_part = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
        let domain = format!(r"{domain_part}(?:(?:\.{domain_part})+)?(?::[0-9]+)?");
        let part = "[a-z0-9]+(?:(?:(?:[._]|__|[-]*)[a-z0-9]+)+)?";
        let tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
        let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9A-Fa-f]{32,}";
        // A mistake in the pattern would be found by the tests below.
        Regex::new(&format!("^(?:{domain}/)?{part}(?:(?:/{part})+)?(?::{tag})?(?:@{digest})?$")).ok()
    });
    let known = hub.is_empty() || hub == "docker.io/istio";
    let good = known || REFERENCE.as_ref().is_some_and(|reference| reference.is_match(hub));
    (!good).then(|| {
        Problem::at("spec.hub", format!("expected a registry with a path such as `docker.io/istio`, found `{hub}`"))
    })
}

fn check_tag(tag: &str) -> Option<Problem> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = tag.bytes();
    let first = bytes.next().is_none_or(word);
    let good = first && tag.len() <= 128 && bytes.all(|byte| word(byte) || byte == b'.' || byte == b'-');
    (!good).then(|| {
        let expected = "at most 128 letters, digits, `_`, `.` and `-`, beginning with one of the first three";
        Problem::at("spec.tag", format!("expected {expected}, found `{tag}`"))
    })
}

/// A revision becomes part of names and labels, so it is a DNS label.
pub fn check_revision(revision: &str) -> Option<Problem> {
    (!revision.is_empty() && !is_dns_label(revision)).then(|| {
        let expected = "at most 63 letters, digits and `-`, beginning and ending with a letter or digit";
        Problem::at("spec.revision", format!("expected {expected}, found `{revision}`"))
    })
}

pub(crate) fn is_dns_label(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain && (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-')
}

fn check_gateway_names(spec: &Value, list: &str) -> Vec<Problem> {
    let gateways = spec.pointer(&format!("/components/{list}")).and_then(Value::as_array);
    let names = gateways.into_iter().flatten().map(|gateway| gateway.get("name").and_then(Value::as_str));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    names
        .enumerate()
        .filter_map(|(at, name)| Some((at, name?)))
        .filter(|(_, name)| name.len() > 254 || !name.bytes().all(plain))
        .map(|(at, name)| {
            let expected = "at most 254 small letters, digits, `.` and `-`";
            Problem::at(format!("spec.components.{list}[{at}].name"), format!("expected {expected}, found `{name}`"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(spec: Value) -> Vec<String> {
        check_spec(&spec).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn hubs_and_tags_are_those_of_images() {
        for hub in [
            "docker.io/istio",
            "registry.example.com:5000/a/b",
            "istio",
            "localhost:5000/x@sha256:0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(check_hub(hub), None, "{hub}");
        }
        for hub in ["not a hub!", "UPPER/Case", "https://x/y", "a//b"] {
            assert!(check_hub(hub).is_some(), "{hub}");
        }
        assert_eq!(check_tag("1.20.1-distroless"), None);
        assert!(check_tag("bad tag").is_some());
        assert!(check_tag("-x").is_some());
    }

    #[test]
    fn ranges_and_ports_of_the_proxy_are_read() {
        assert_eq!(
            problems(
                json!({"values": {"global": {"proxy": {"includeIPRanges": "10.0.0.0/8,fd00::/8", "excludeIPRanges": "",
            "excludeInboundPorts": "80,,15020", "includeInboundPorts": "*"}}}})
            ),
            [""; 0]
        );
        assert_eq!(
            problems(
                json!({"values": {"global": {"proxy": {"includeIPRanges": "10.0.0.0/33", "excludeInboundPorts": "80,99999"}}}})
            ),
            [
                "`spec.values.global.proxy.includeIPRanges`: expected ranges such as `10.0.0.0/8,172.16.0.0/12` or `*`, found `10.0.0.0/33`",
                "`spec.values.global.proxy.excludeInboundPorts`: expected ports from 0 to 65535 such as `80,8080` or `*`, found `99999`",
            ]
        );
    }

    #[test]
    fn names_keep_their_rules() {
        assert_eq!(
            problems(json!({"revision": "Canary-1", "components": {"ingressGateways": [{"name": "a.b-c"}, {}]}})),
            [""; 0]
        );
        let found = problems(json!({"revision": "Canary_1", "components": {"egressGateways": [{"name": "Bad_Name"}]}}));
        assert_eq!(
            found,
            [
                "`spec.revision`: expected at most 63 letters, digits and `-`, beginning and ending with a letter or digit, found `Canary_1`",
                "`spec.components.egressGateways[0].name`: expected at most 254 small letters, digits, `.` and `-`, found `Bad_Name`",
            ]
        );
    }
}

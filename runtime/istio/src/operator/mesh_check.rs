//! What a mesh configuration must keep beyond the types of its fields.

use std::net::IpAddr;

use serde_json::Value;

use crate::operator::{problem::Problem, schema::parse_duration, validate::is_dns_label};

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;

/// All that is wrong with a mesh configuration read with `Reading::Explicit`. What it does not say has Istio's defaults, which
/// are right.
pub fn check_mesh(mesh: &Value, path: &str) -> Vec<Problem> {
    let mut check = Check { path, problems: Vec::new() };
    check.port(mesh, "proxyListenPort");
    check.connect_timeout(mesh);
    check
        .duration(mesh, "protocolDetectionTimeout", |nanos| (nanos % MILLISECOND != 0).then_some("whole milliseconds"));
    if let Some(proxy) = mesh.get("defaultConfig") {
        let path = format!("{path}.defaultConfig");
        let mut inner = Check { path: &path, problems: Vec::new() };
        inner.proxy(proxy);
        check.problems.append(&mut inner.problems);
    }
    if let Some(locality) = mesh.get("localityLbSetting") {
        check.locality(locality);
    }
    check.service_hosts(mesh);
    check.trust_domains(mesh);
    if mesh.pointer("/meshMTLS/ecdhCurves").and_then(Value::as_array).is_some_and(|curves| !curves.is_empty()) {
        check.wrong("meshMTLS.ecdhCurves", "the mesh takes no ECDH curves; `tlsDefaults` does");
    }
    check.problems
}

struct Check<'p> {
    path: &'p str,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, key: &str, text: impl Into<String>) {
        self.problems.push(Problem::at(format!("{}.{key}", self.path), text));
    }

    fn port(&mut self, of: &Value, key: &str) {
        if let Some(port) = of.get(key).and_then(Value::as_i64).filter(|port| !(1..=65_535).contains(port)) {
            self.wrong(key, format!("expected a port from 1 to 65535, found `{port}`"));
        }
    }

    fn duration(&mut self, of: &Value, key: &str, rule: impl Fn(i64) -> Option<&'static str>) {
        let Some(text) = of.get(key).and_then(Value::as_str) else { return };
        if let Some(expected) = parse_duration(text).and_then(rule) {
            self.wrong(key, format!("expected {expected}, found `{text}`"));
        }
    }

    fn connect_timeout(&mut self, mesh: &Value) {
        self.duration(mesh, "connectTimeout", |nanos| {
            let good = (MILLISECOND..=30 * SECOND).contains(&nanos) && nanos % MILLISECOND == 0;
            (!good).then_some("whole milliseconds from `1ms` to `30s`")
        });
    }

    fn proxy(&mut self, proxy: &Value) {
        for key in ["configPath", "binaryPath", "serviceCluster"] {
            let replaced = key == "serviceCluster" && proxy.get("tracingServiceName").is_some();
            if proxy.get(key).and_then(Value::as_str) == Some("") && !replaced {
                self.wrong(key, "expected a text that is not empty");
            }
        }
        self.duration(proxy, "drainDuration", |nanos| {
            let good = (MILLISECOND..=3600 * SECOND).contains(&nanos) && nanos % SECOND == 0;
            (!good).then_some("whole seconds up to `1h`")
        });
        if let Some(address) = proxy.get("discoveryAddress").and_then(Value::as_str) {
            self.address("discoveryAddress", address);
        }
        if let Some(tracing) = proxy.get("tracing") {
            self.tracing(tracing);
        }
        for key in ["statsdUdpAddress", "envoyMetricsServiceAddress"] {
            self.optional_address(key, proxy.get(key));
        }
        for key in ["envoyMetricsService", "envoyAccessLogService"] {
            self.optional_address(&format!("{key}.address"), proxy.get(key).and_then(|service| service.get("address")));
        }
        self.port(proxy, "proxyAdminPort");
        self.port(proxy, "statusPort");
        let policy = proxy.get("controlPlaneAuthPolicy");
        if policy.is_some_and(|policy| !matches!(policy.as_str(), Some("NONE" | "MUTUAL_TLS"))) {
            self.wrong("controlPlaneAuthPolicy", "expected `NONE` or `MUTUAL_TLS`");
        }
        if let Some(provider) = proxy.get("privateKeyProvider") {
            self.private_key_provider(provider);
        }
    }

    fn tracing(&mut self, tracing: &Value) {
        // Of several tracers the last one counts.
        let tracers = ["openCensusAgent", "stackdriver", "datadog", "lightstep", "zipkin"];
        if let Some(tracer) = tracers.into_iter().find(|tracer| tracing.get(tracer).is_some()) {
            let settings = &tracing[tracer];
            let address = settings.get("address").and_then(Value::as_str).unwrap_or_default();
            match tracer {
                "zipkin" | "datadog" => {
                    self.address(&format!("tracing.{tracer}.address"), &address.replacen("$(HOST_IP)", "127.0.0.1", 1))
                }
                "lightstep" => {
                    self.address("tracing.lightstep.address", address);
                    if settings.get("accessToken").and_then(Value::as_str).unwrap_or_default().is_empty() {
                        self.wrong("tracing.lightstep.accessToken", "expected an access token");
                    }
                }
                _ => {}
            }
        }
        if let Some(tls) = tracing.get("tlsSettings") {
            self.client_tls(tls);
        }
    }

    fn client_tls(&mut self, tls: &Value) {
        const KEY: &str = "tracing.tlsSettings";
        let given = |key: &str| tls.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let names = tls.get("subjectAltNames").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
        let mode = tls.get("mode").and_then(Value::as_str).unwrap_or("DISABLE");
        if tls.get("insecureSkipVerify").and_then(Value::as_bool) == Some(true) {
            let refused = given("caCertificates") || names || (mode == "SIMPLE" && given("credentialName"));
            if matches!(mode, "SIMPLE" | "MUTUAL") && refused {
                self.wrong(
                    KEY,
                    "with `insecureSkipVerify` there is nothing to verify against: leave out certificates and names",
                );
            }
        }
        if matches!(mode, "SIMPLE" | "MUTUAL") && given("credentialName") {
            if given("clientCertificate") || given("caCertificates") || given("privateKey") {
                self.wrong(KEY, "with `credentialName` leave out certificates and key");
            }
            return;
        }
        if mode == "MUTUAL" {
            for key in ["clientCertificate", "privateKey"] {
                if !given(key) {
                    self.wrong(&format!("{KEY}.{key}"), "mutual TLS needs it");
                }
            }
        }
    }

    fn private_key_provider(&mut self, provider: &Value) {
        let chosen = ["qat", "cryptomb"].into_iter().find_map(|name| provider.get(name));
        let delay = chosen.and_then(|chosen| chosen.get("pollDelay")).and_then(Value::as_str);
        if delay.and_then(parse_duration).unwrap_or(0) == 0 {
            self.wrong("privateKeyProvider", "expected `cryptomb` or `qat` with a `pollDelay` that is not zero");
        }
    }

    fn optional_address(&mut self, key: &str, address: Option<&Value>) {
        if let Some(address) = address.and_then(Value::as_str).filter(|address| !address.is_empty()) {
            self.address(key, address);
        }
    }

    fn address(&mut self, key: &str, address: &str) {
        if !is_address(address) {
            self.wrong(key, format!("expected `host:port`, found `{address}`"));
        }
    }

    fn trust_domains(&mut self, mesh: &Value) {
        let own = mesh.get("trustDomain").into_iter().map(|domain| ("trustDomain".to_owned(), domain));
        let aliases = mesh.get("trustDomainAliases").and_then(Value::as_array).into_iter().flatten();
        let aliases = aliases.enumerate().map(|(at, alias)| (format!("trustDomainAliases[{at}]"), alias));
        for (key, domain) in own.chain(aliases) {
            let domain = domain.as_str().unwrap_or_default();
            if domain.is_empty() || !is_domain(domain) {
                self.wrong(&key, format!("expected a trust domain such as `cluster.local`, found `{domain}`"));
            }
        }
    }

    fn service_hosts(&mut self, mesh: &Value) {
        let settings = mesh.get("serviceSettings").and_then(Value::as_array).into_iter().flatten();
        for (at, setting) in settings.enumerate() {
            for host in setting.get("hosts").and_then(Value::as_array).into_iter().flatten() {
                let host = host.as_str().unwrap_or_default();
                if !is_wildcard_domain(host) {
                    let expected = "a host such as `*.example.svc.cluster.local`";
                    self.wrong(&format!("serviceSettings[{at}].hosts"), format!("expected {expected}, found `{host}`"));
                }
            }
        }
    }

    fn locality(&mut self, locality: &Value) {
        let list = |key: &str| locality.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (distribute, failover) = (list("distribute"), list("failover"));
        if !distribute.is_empty() && !failover.is_empty() {
            return self.wrong("localityLbSetting", "`distribute` and `failover` exclude each other");
        }
        const TOPOLOGY: [&str; 3] =
            ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];
        let priorities = list("failoverPriority").iter().filter_map(Value::as_str);
        if let Some(label) = priorities.into_iter().find(|label| !failover.is_empty() && TOPOLOGY.contains(label)) {
            let text = format!("`failover` and the label `{label}` in `failoverPriority` exclude each other");
            return self.wrong("localityLbSetting", text);
        }
        self.distribute(distribute);
        for (at, rule) in failover.iter().enumerate() {
            let side = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
            let (from, to) = (side("from"), side("to"));
            if from == to || [from, to].iter().any(|region| region.contains(['/', '*'])) {
                let text = format!("expected two different regions without zones or `*`, found `{from}` and `{to}`");
                self.wrong(&format!("localityLbSetting.failover[{at}]"), text);
            }
        }
    }

    fn distribute(&mut self, rules: &[Value]) {
        for (at, rule) in rules.iter().enumerate() {
            let key = format!("localityLbSetting.distribute[{at}].to");
            let to = rule.get("to").and_then(Value::as_object);
            let weights = to.into_iter().flatten().map(|(_, weight)| weight.as_u64().unwrap_or(0));
            let (sum, outside) = weights
                .fold((0, false), |(sum, outside), weight| (sum + weight, outside || !(1..=100).contains(&weight)));
            if outside || sum != 100 {
                return self
                    .wrong(&key, format!("expected weights from 1 to 100 with the sum 100, found the sum {sum}"));
            }
            self.localities(&key, to.into_iter().flatten().map(|(locality, _)| locality.as_str()));
        }
        let from = rules.iter().map(|rule| rule.get("from").and_then(Value::as_str).unwrap_or_default());
        self.localities("localityLbSetting.distribute", from);
    }

    /// Localities `region/zone/subzone` of which none may cover another.
    fn localities<'l>(&mut self, key: &str, localities: impl Iterator<Item = &'l str>) {
        let mut seen: Vec<Vec<&str>> = Vec::new();
        for locality in localities {
            let stars = locality.matches('*').count();
            let parts: Vec<&str> = locality.splitn(3, '/').collect();
            if stars > 1 || (stars == 1 && !locality.ends_with('*')) || parts.contains(&"") {
                let expected = "`region/zone/subzone`, with `*` at most once and at its end";
                return self.wrong(key, format!("expected {expected}, found `{locality}`"));
            }
            if seen.iter().any(|other| covers(other, &parts)) {
                return self.wrong(key, format!("`{locality}` overlaps another locality"));
            }
            seen.push(parts);
        }
    }
}

/// Whether an earlier locality has a later one in it, or stands in it.
fn covers(earlier: &[&str], later: &[&str]) -> bool {
    if earlier[0] == "*" {
        return true;
    }
    let common = earlier.iter().zip(later).take_while(|(one, other)| one == other).count();
    common == earlier.len().min(later.len())
        || (common + 1 == earlier.len() && earlier[common] == "*")
        || (common + 1 == earlier.len().min(later.len()) && earlier.get(common) == Some(&"*"))
}

/// `host:port`, an IPv6 host in brackets.
fn is_address(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(inside) => match inside.strip_suffix(']') {
            Some(host) => host,
            None => return false,
        },
        None if host.contains([':', ']']) => return false,
        None => host,
    };
    let port = port.parse::<i64>().is_ok_and(|port| (1..=65_535).contains(&port));
    port && (is_host(host) || host.parse::<IpAddr>().is_ok())
}

fn is_host(host: &str) -> bool {
    let numeric = host.rsplit('.').next().is_some_and(|top| top.parse::<i64>().is_ok());
    (1..=255).contains(&host.len()) && !numeric && is_domain(host)
}

/// DNS labels with points between them, one more at the end allowed.
fn is_domain(domain: &str) -> bool {
    let labels = domain.strip_suffix('.').unwrap_or(domain);
    labels.split('.').all(is_dns_label)
}

/// A domain whose first label may be `*` or begin with it.
fn is_wildcard_domain(domain: &str) -> bool {
    if domain.is_empty() || domain.len() > 255 {
        return false;
    }
    let (first, rest) = domain.split_once('.').map_or((domain, None), |(first, rest)| (first, Some(rest)));
    let label = first.strip_prefix('*').map_or(first, |label| label.strip_prefix('-').unwrap_or(label));
    let first_good = first == "*" || is_dns_label(label);
    first_good && rest.is_none_or(is_host)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(mesh: Value) -> Vec<String> {
        check_mesh(&mesh, "meshConfig").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_configuration_passes() {
        assert_eq!(
            problems(json!({
                "connectTimeout": "30s", "protocolDetectionTimeout": "0s", "trustDomain": "td.example.com.",
                "defaultConfig": {"discoveryAddress": "istiod.example.com:15012", "drainDuration": "45s",
                    "tracing": {"zipkin": {"address": "$(HOST_IP):9411"}}, "controlPlaneAuthPolicy": "NONE"},
                "localityLbSetting": {"distribute": [{"from": "us-west/*", "to": {"us-west/*": 80, "us-east/*": 20}}]},
                "serviceSettings": [{"hosts": ["*.x.svc.cluster.local", "*"]}],
            })),
            [""; 0]
        );
    }

    #[test]
    fn each_rule_is_kept() {
        for (mesh, place) in [
            (json!({"proxyListenPort": 0}), "proxyListenPort"),
            (json!({"connectTimeout": "31s"}), "connectTimeout"),
            (json!({"protocolDetectionTimeout": "1us"}), "protocolDetectionTimeout"),
            (json!({"trustDomain": ""}), "trustDomain"),
            (json!({"trustDomainAliases": ["ok", "no/good"]}), "trustDomainAliases[1]"),
            (json!({"defaultConfig": {"drainDuration": "1500ms"}}), "defaultConfig.drainDuration"),
            (json!({"defaultConfig": {"discoveryAddress": "istiod"}}), "defaultConfig.discoveryAddress"),
            (json!({"defaultConfig": {"tracing": {"zipkin": {}}}}), "defaultConfig.tracing.zipkin.address"),
            (json!({"defaultConfig": {"statusPort": 70_000}}), "defaultConfig.statusPort"),
            (json!({"defaultConfig": {"controlPlaneAuthPolicy": "INHERIT"}}), "defaultConfig.controlPlaneAuthPolicy"),
            (json!({"defaultConfig": {"privateKeyProvider": {"qat": {}}}}), "defaultConfig.privateKeyProvider"),
            (
                json!({"localityLbSetting": {"distribute": [{"from": "a", "to": {"b": 50}}]}}),
                "localityLbSetting.distribute[0].to",
            ),
            (json!({"localityLbSetting": {"failover": [{"from": "a", "to": "a"}]}}), "localityLbSetting.failover[0]"),
            (
                json!({"localityLbSetting": {"distribute": [
                {"from": "a/*", "to": {"b": 100}}, {"from": "a/c", "to": {"b": 100}}]}}),
                "localityLbSetting.distribute",
            ),
            (json!({"serviceSettings": [{"hosts": ["a.*.b"]}]}), "serviceSettings[0].hosts"),
            (json!({"meshMTLS": {"ecdhCurves": ["P-256"]}}), "meshMTLS.ecdhCurves"),
        ] {
            let found = problems(mesh.clone());
            assert_eq!(found.len(), 1, "{mesh}: {found:?}");
            assert!(found[0].starts_with(&format!("`meshConfig.{place}`: ")), "{found:?}");
        }
    }
}

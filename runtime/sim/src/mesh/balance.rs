//! Load balancing of a proxy: localities and priorities, turns, hosts that are ejected.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::view::Locality;
use crate::controllers::object::{hash, list, text};

/// What proxies remember of their requests, by the proxy's pod and the destination.
#[derive(Debug, Default)]
pub struct Clients(BTreeMap<String, Memory>);

/// What a proxy remembers of a destination.
#[derive(Debug, Default)]
struct Memory {
    turn: u64,
    credits: BTreeMap<String, f64>,
    failures: BTreeMap<String, u64>,
    ejected: BTreeMap<String, (Duration, u32)>,
}

/// A host to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its name for the memory: address and port.
    pub key: String,
    /// Its priority, 0 first.
    pub priority: u32,
    /// Its share.
    pub weight: f64,
}

/// When hosts are ejected.
#[derive(Debug, Clone, Copy)]
pub struct Ejection {
    /// After how many failures in a row.
    pub failures: u64,
    /// For how long, times how often it was.
    pub base: Duration,
}

impl Clients {
    /// The next host: of the first priority that has one which is neither ejected nor was tried for this request. Hosts take turns by weight;
    /// the order within a round follows from the seed.
    pub fn choose(
        &mut self,
        client: &str,
        (seed, now): (u64, Duration),
        choices: &[Choice],
        tried: &[usize],
    ) -> Option<usize> {
        let memory = self.0.entry(client.to_owned()).or_default();
        let ejected = |choice: &Choice| memory.ejected.get(&choice.key).is_some_and(|(until, _)| *until > now);
        let fit = |index: &usize| choices[*index].weight > 0.0 && !ejected(&choices[*index]);
        let all: Vec<usize> = (0..choices.len()).filter(fit).collect();
        // With everything ejected a proxy balances as if nothing was.
        let all =
            if all.is_empty() { (0..choices.len()).filter(|one| choices[*one].weight > 0.0).collect() } else { all };
        let first = all.iter().map(|index| choices[*index].priority).min()?;
        let level: Vec<usize> = all.into_iter().filter(|index| choices[*index].priority == first).collect();
        let untried: Vec<usize> = level.iter().copied().filter(|index| !tried.contains(index)).collect();
        let among = if untried.is_empty() { level } else { untried };
        memory.turn += 1;
        let turn = memory.turn;
        let total: f64 = among.iter().map(|index| choices[*index].weight).sum();
        for index in &among {
            *memory.credits.entry(choices[*index].key.clone()).or_default() += choices[*index].weight;
        }
        let score = |index: &usize| {
            let key = &choices[*index].key;
            let luck =
                f64::from(u32::try_from(hash(&format!("{seed}/{client}/{turn}/{key}")) >> 32).unwrap_or_default());
            memory.credits.get(key).copied().unwrap_or_default() + luck / f64::from(u32::MAX) * total * 0.01
        };
        let chosen = among.iter().copied().max_by(|one, other| score(one).total_cmp(&score(other)))?;
        *memory.credits.entry(choices[chosen].key.clone()).or_default() -= total;
        Some(chosen)
    }

    /// Note how a request to a host ended.
    pub fn note(&mut self, client: &str, now: Duration, key: &str, failed: bool, ejection: Option<Ejection>) {
        let memory = self.0.entry(client.to_owned()).or_default();
        let failures = memory.failures.entry(key.to_owned()).or_default();
        *failures = if failed { *failures + 1 } else { 0 };
        let Some(ejection) = ejection.filter(|one| one.failures > 0 && *failures >= one.failures) else { return };
        *failures = 0;
        let times = memory.ejected.get(key).map_or(0, |(_, times)| *times) + 1;
        memory.ejected.insert(key.to_owned(), (now + ejection.base * times, times));
    }
}

/// The parts of a traffic policy that decide the balancing.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// When hosts are ejected.
    pub ejection: Option<Ejection>,
    /// How localities are weighed.
    pub locality: Option<Value>,
    /// Whether the proxy speaks no TLS.
    pub plain: bool,
}

impl Policy {
    /// Read a traffic policy of a rule for destinations.
    pub fn read(policy: Option<&Value>) -> Self {
        let Some(policy) = policy else { return Self::default() };
        let detection = policy.get("outlierDetection").filter(|one| one.is_object());
        let ejection = detection.map(|one| Ejection {
            failures: ["consecutive5xxErrors", "consecutiveGatewayErrors", "consecutiveErrors"]
                .iter()
                .find_map(|key| one.get(key)?.as_u64())
                .unwrap_or(5),
            base: duration(text(one, "/baseEjectionTime")).unwrap_or(Duration::from_secs(30)),
        });
        Self {
            ejection,
            locality: policy.pointer("/loadBalancer/localityLbSetting").cloned(),
            plain: text(policy, "/tls/mode") == "DISABLE",
        }
    }
}

/// A duration as Istio writes it: `1s`, `1m`, `500ms`, `1m30s`.
pub fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut digits, mut unit) = (0.0, String::new(), String::new());
    let mut add = |digits: &str, unit: &str| {
        let number: f64 = digits.parse().ok()?;
        let factor = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += number * factor;
        Some(())
    };
    for letter in text.chars() {
        if letter.is_ascii_digit() || letter == '.' {
            if !unit.is_empty() {
                add(&digits, &unit)?;
                (digits, unit) = (String::new(), String::new());
            }
            digits.push(letter);
        } else {
            unit.push(letter);
        }
    }
    add(&digits, &unit)?;
    Some(Duration::from_secs_f64(total))
}

/// Priorities and weights of hosts in these localities, seen from another. Failover by locality needs the detection of outliers, without which a
/// proxy would never leave a priority; weights by locality do not.
pub fn weigh(from: &Locality, hosts: &[(Locality, f64)], policy: &Policy) -> Vec<(u32, f64)> {
    let setting = policy.locality.as_ref().filter(|one| one.is_object());
    let is_off = setting.and_then(|one| one.get("enabled")) == Some(&Value::Bool(false));
    let plain = || hosts.iter().map(|(_, weight)| (0, *weight)).collect();
    if is_off || from.0[0].is_empty() {
        return plain();
    }
    let distribution = setting.map(|one| list(one, "/distribute")).unwrap_or_default();
    if !distribution.is_empty() {
        return distribution
            .iter()
            .find(|one| matches(text(one, "/from"), from))
            .map_or_else(plain, |one| distribute(one, hosts));
    }
    if policy.ejection.is_none() {
        return plain();
    }
    let failover = setting.map(|one| list(one, "/failover")).unwrap_or_default();
    hosts.iter().map(|(locality, weight)| (priority(from, locality, failover), *weight)).collect()
}

fn distribute(rule: &Value, hosts: &[(Locality, f64)]) -> Vec<(u32, f64)> {
    let mut all = vec![(0, 0.0); hosts.len()];
    for (pattern, share) in rule.get("to").and_then(Value::as_object).into_iter().flatten() {
        let fit: Vec<usize> = (0..hosts.len()).filter(|index| matches(pattern, &hosts[*index].0)).collect();
        let total: f64 = fit.iter().map(|index| hosts[*index].1).sum();
        for index in fit {
            all[index].1 = share.as_f64().unwrap_or_default() * hosts[index].1 / total;
        }
    }
    all
}

/// Whether a locality is what a pattern says: `region1/*`, `region1/zone1/*`, `*`.
fn matches(pattern: &str, locality: &Locality) -> bool {
    let mut parts = locality.0.iter();
    for wanted in pattern.split('/') {
        match (wanted, parts.next()) {
            ("*", _) => return true,
            (wanted, Some(part)) if wanted == part => {}
            _ => return false,
        }
    }
    true
}

fn priority(from: &Locality, to: &Locality, failover: &[Value]) -> u32 {
    let same = |index: usize| from.0[index] == to.0[index];
    match (same(0), same(1), same(2)) {
        (true, true, true) => 0,
        (true, true, false) => 1,
        (true, false, _) => 2,
        (false, ..) => {
            let target = failover.iter().find(|one| text(one, "/from") == from.0[0]).map(|one| text(one, "/to"));
            if target.is_none_or(|target| target == to.0[0]) { 3 } else { 4 }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(region: &str) -> Locality {
        Locality([region.to_owned(), String::new(), String::new()])
    }

    #[test]
    fn failover_needs_the_detection_of_outliers_and_weights_do_not() {
        let hosts = [(at("r1"), 1.0), (at("r2"), 1.0)];
        let failover =
            json!({"loadBalancer": {"localityLbSetting": {"enabled": true, "failover": [{"from": "r1", "to": "r2"}]}}});
        assert_eq!(weigh(&at("r1"), &hosts, &Policy::read(Some(&failover))), [(0, 1.0), (0, 1.0)]);
        let mut detected = failover;
        detected["outlierDetection"] = json!({"consecutive5xxErrors": 1});
        assert_eq!(weigh(&at("r1"), &hosts, &Policy::read(Some(&detected))), [(0, 1.0), (3, 1.0)]);
        let distribution = json!({"loadBalancer": {"localityLbSetting": {"distribute": [{"from": "r1/*", "to": {"r1/*": 80, "r2/*": 20}}]}}});
        assert_eq!(weigh(&at("r1"), &hosts, &Policy::read(Some(&distribution))), [(0, 80.0), (0, 20.0)]);
    }

    #[test]
    fn hosts_take_turns_by_weight() {
        let choice = |key: &str, weight| Choice { key: key.into(), priority: 0, weight };
        let choices = [choice("a", 80.0), choice("b", 20.0)];
        let mut clients = Clients::default();
        let counted = (0..100).filter(|_| clients.choose("c", (1, Duration::ZERO), &choices, &[]) == Some(0)).count();
        assert!((78..=82).contains(&counted), "{counted}");
    }

    #[test]
    fn an_ejected_host_is_not_chosen() {
        let choice = |key: &str, priority| Choice { key: key.into(), priority, weight: 1.0 };
        let choices = [choice("a", 0), choice("b", 3)];
        let mut clients = Clients::default();
        assert_eq!(clients.choose("c", (1, Duration::ZERO), &choices, &[]), Some(0));
        clients.note("c", Duration::ZERO, "a", true, Some(Ejection { failures: 1, base: Duration::from_secs(60) }));
        assert_eq!(clients.choose("c", (1, Duration::ZERO), &choices, &[]), Some(1));
    }

    #[test]
    fn durations_are_read_as_istio_writes_them() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("1"), None);
    }
}

//! The ports of a Service, merged by number and protocol: Kubernetes' own merge knows the number only.

use serde_json::{Map, Value, json};

use crate::operator::component::text;

/// The chart's ports with the configuration's over them: the chart's order, then new ones. Every port is spelled out.
pub(crate) fn merge_ports(chart: &[Value], configured: &[Value]) -> Value {
    let mut merged: Vec<((i64, String), Value)> = Vec::new();
    let chart = chart.iter().map(|port| (text(port, "protocol").to_owned(), port));
    let configured = configured.iter().map(|port| {
        let udp = text(port, "protocol").eq_ignore_ascii_case("udp");
        (if udp { "UDP" } else { "TCP" }.to_owned(), port)
    });
    for (protocol, port) in chart.chain(configured) {
        let protocol = if protocol.is_empty() { "TCP".to_owned() } else { protocol };
        let spelled = spelled_out(port, &protocol);
        let key = (port.get("port").and_then(Value::as_i64).unwrap_or(0), protocol);
        match merged.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => *old = spelled,
            None => merged.push((key, spelled)),
        }
    }
    Value::Array(merged.into_iter().map(|(_, port)| port).collect())
}

/// A port as Kubernetes' type writes it: the target is always there, 0 when nothing was said.
fn spelled_out(port: &Value, protocol: &str) -> Value {
    let mut out = Map::new();
    for key in ["name", "appProtocol"] {
        if !text(port, key).is_empty() {
            out.insert(key.to_owned(), port[key].clone());
        }
    }
    out.insert("protocol".to_owned(), Value::from(protocol));
    let number = |key: &str| port.get(key).and_then(Value::as_i64).unwrap_or(0);
    out.insert("port".to_owned(), Value::from(number("port")));
    if number("nodePort") != 0 {
        out.insert("nodePort".to_owned(), port["nodePort"].clone());
    }
    let target = port.get("targetPort").filter(|target| !target.is_null());
    out.insert("targetPort".to_owned(), target.cloned().unwrap_or(json!(0)));
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_told_apart_by_number_and_protocol() {
        let chart = [json!({"name": "a", "port": 53}), json!({"name": "b", "port": 80, "targetPort": "http"})];
        let configured = [
            json!({"name": "b2", "port": 80, "targetPort": 8080, "nodePort": 30080}),
            json!({"name": "dns", "port": 53, "protocol": "udp", "targetPort": 5353}),
            json!({"name": "sctp", "port": 1, "protocol": "SCTP"}),
        ];
        assert_eq!(
            merge_ports(&chart, &configured),
            json!([
                {"name": "a", "port": 53, "protocol": "TCP", "targetPort": 0},
                {"name": "b2", "port": 80, "protocol": "TCP", "targetPort": 8080, "nodePort": 30080},
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353},
                {"name": "sctp", "port": 1, "protocol": "TCP", "targetPort": 0},
            ])
        );
    }
}

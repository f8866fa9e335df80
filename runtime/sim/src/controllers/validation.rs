//! What istiod's webhook says of its own kinds: the mistakes that are common.

use serde_json::Value;

use super::object::{list, text};

/// Judge an object.
///
/// # Errors
/// What is wrong with it, in istiod's words.
pub fn validate(object: &Value) -> Result<(), String> {
    let wrong = match text(object, "/kind") {
        "Gateway" => gateway(object),
        "DestinationRule" => destination_rule(object),
        "VirtualService" => virtual_service(object),
        _ => None,
    };
    wrong.map_or(Ok(()), |why| Err(format!("configuration is invalid: {why}")))
}

fn gateway(object: &Value) -> Option<String> {
    if list(object, "/spec/servers").is_empty() {
        return Some("gateway must have at least one server".to_owned());
    }
    list(object, "/spec/servers").iter().find_map(|server| {
        if list(server, "/hosts").is_empty() {
            return Some("server config must contain at least one host".to_owned());
        }
        if server.get("port").is_none() {
            return Some("port is required".to_owned());
        }
        let protocol = text(server, "/port/protocol").to_uppercase();
        let needs_tls = matches!(protocol.as_str(), "HTTPS" | "TLS");
        if needs_tls && server.get("tls").is_none() {
            return Some(format!("server must have TLS settings for HTTPS/TLS protocols: {protocol}"));
        }
        if !needs_tls && !text(server, "/tls/mode").is_empty() {
            return Some("server cannot have TLS settings for non HTTPS/TLS protocols".to_owned());
        }
        None
    })
}

fn destination_rule(object: &Value) -> Option<String> {
    if text(object, "/spec/host").is_empty() {
        return Some("domain name \"\" invalid (label \"\" invalid)".to_owned());
    }
    let setting = object.pointer("/spec/trafficPolicy/loadBalancer/localityLbSetting")?;
    let (distribute, failover) = (list(setting, "/distribute"), list(setting, "/failover"));
    if !distribute.is_empty() && !failover.is_empty() {
        return Some("can not simultaneously specify 'distribute', 'failover' and 'failoverPriority'".to_owned());
    }
    for one in distribute {
        let weights = one.get("to").and_then(Value::as_object).into_iter().flatten();
        let total: u64 = weights.filter_map(|(_, weight)| weight.as_u64()).sum();
        if total != 100 {
            return Some(format!("total locality weight {total} != 100"));
        }
    }
    failover.iter().find_map(|one| {
        let (from, to) = (text(one, "/from"), text(one, "/to"));
        if from == to {
            return Some(format!("locality lb failover settings must specify different regions, got {from} for both"));
        }
        let with_zone = [from, to].iter().any(|one| one.contains('/'));
        with_zone.then(|| "locality lb failover only specify region".to_owned())
    })
}

fn virtual_service(object: &Value) -> Option<String> {
    if list(object, "/spec/hosts").is_empty() {
        return Some("virtual service must have at least one host".to_owned());
    }
    let has_routes = ["/spec/http", "/spec/tls", "/spec/tcp"].iter().any(|key| !list(object, key).is_empty());
    if !has_routes {
        return Some("http, tcp or tls must be provided in virtual service".to_owned());
    }
    list(object, "/spec/http").iter().find_map(|route| {
        let parts = list(route, "/route");
        let total: u64 = parts.iter().filter_map(|one| one.get("weight").and_then(Value::as_u64)).sum();
        (parts.len() > 1 && total == 0).then(|| "total destination weight = 0".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn common_mistakes_are_refused() {
        let rule = |setting: Value| json!({"kind": "DestinationRule", "spec": {"host": "a", "trafficPolicy": {"loadBalancer": {"localityLbSetting": setting}}}});
        let ninety = json!({"distribute": [{"from": "a/*", "to": {"a/*": 80, "b/*": 10}}]});
        assert_eq!(validate(&rule(ninety)).unwrap_err(), "configuration is invalid: total locality weight 90 != 100");
        assert!(validate(&rule(json!({"failover": [{"from": "a", "to": "b"}]}))).is_ok());
        assert!(validate(&json!({"kind": "Gateway", "spec": {}})).is_err());
    }
}

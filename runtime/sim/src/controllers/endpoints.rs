//! Services: their endpoints, in both forms in which clients read them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context,
    object::{
        ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE, is_going, label, list, name, namespace, owner_reference,
        selects_plainly, text,
    },
    pods,
};

const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// When what an object follows from has changed last.
const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// One step of every service.
pub fn step(context: &Context<'_>) {
    let pods = context.list(POD, None);
    for service in context.list(SERVICE, None) {
        if is_going(&service) || text(&service, "/spec/type") == "ExternalName" {
            continue;
        }
        if service.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|one| !one.is_empty()) {
            select(context, &service, &pods);
        } else {
            mirror(context, &service);
        }
    }
    let orphan = |kind, of: &Value, service: &str| {
        if !service.is_empty() && context.get(SERVICE, namespace(of), service).is_none() {
            context.delete(kind, of);
        }
    };
    context.list(ENDPOINTS, None).iter().for_each(|one| orphan(ENDPOINTS, one, name(one)));
    for slice in context.list(ENDPOINT_SLICE, None) {
        orphan(ENDPOINT_SLICE, &slice, label(&slice, SERVICE_NAME).unwrap_or_default());
    }
}

/// The number of the port of a pod that a port of a service leads to.
pub fn target_port(port: &Value, pod: &Value) -> Option<u64> {
    match port.get("targetPort") {
        Some(Value::String(wanted)) => {
            let ports = list(pod, "/spec/containers").iter().flat_map(|one| list(one, "/ports"));
            let named = ports.into_iter().find(|one| text(one, "/name") == wanted);
            named.and_then(|one| one.get("containerPort")).and_then(Value::as_u64).or_else(|| wanted.parse().ok())
        }
        Some(number) if number.as_u64().is_some_and(|one| one > 0) => number.as_u64(),
        _ => port.get("port").and_then(Value::as_u64),
    }
}

fn select(context: &Context<'_>, service: &Value, all: &[Arc<Value>]) {
    let publishes_all = service.pointer("/spec/publishNotReadyAddresses") == Some(&Value::Bool(true));
    let mine: Vec<&Arc<Value>> = all
        .iter()
        .filter(|pod| {
            namespace(pod) == namespace(service)
                && !text(pod, "/status/podIP").is_empty()
                && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
                && selects_plainly(service.pointer("/spec/selector"), pod.pointer("/metadata/labels"))
        })
        .collect();
    let is_ready = |pod: &Value| publishes_all || pods::is_ready(pod) && !is_going(pod);
    write_endpoints(context, service, &mine, &is_ready);
    write_slice(context, service, &mine, &is_ready);
}

fn target(pod: &Value) -> Value {
    json!({"kind": "Pod", "name": name(pod), "namespace": namespace(pod), "uid": pod["metadata"]["uid"]})
}

fn ports(service: &Value, pod: Option<&Value>) -> Vec<Value> {
    let one = |port: &Value| {
        let number = match pod {
            Some(pod) => target_port(port, pod)?,
            None => port.get("port")?.as_u64()?,
        };
        let mut made =
            json!({"port": number, "protocol": port.get("protocol").cloned().unwrap_or_else(|| json!("TCP"))});
        for key in ["name", "appProtocol"] {
            if let Some(value) = port.get(key).filter(|one| !one.is_null()) {
                made[key] = value.clone();
            }
        }
        Some(made)
    };
    list(service, "/spec/ports").iter().filter_map(one).collect()
}

fn labels(service: &Value) -> Value {
    let mut labels = service.pointer("/metadata/labels").cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
    if text(service, "/spec/clusterIP") == "None" {
        labels["service.kubernetes.io/headless"] = json!("");
    }
    labels
}

fn write_endpoints(context: &Context<'_>, service: &Value, mine: &[&Arc<Value>], is_ready: &dyn Fn(&Value) -> bool) {
    let address = |pod: &&Arc<Value>| json!({"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target(pod)});
    let ready: Vec<Value> = mine.iter().filter(|pod| is_ready(pod)).map(address).collect();
    let waiting: Vec<Value> = mine.iter().filter(|pod| !is_ready(pod) && !is_going(pod)).map(address).collect();
    let mut subset = json!({"ports": ports(service, mine.first().map(|pod| &***pod))});
    for (key, addresses) in [("addresses", &ready), ("notReadyAddresses", &waiting)] {
        if !addresses.is_empty() {
            subset[key] = json!(addresses);
        }
    }
    let subsets = if ready.is_empty() && waiting.is_empty() { None } else { Some(json!([subset])) };
    let mut wanted = json!({
        "apiVersion": ENDPOINTS.0, "kind": ENDPOINTS.1,
        "metadata": {
            "name": name(service), "namespace": namespace(service), "labels": labels(service), "annotations": {TRIGGERED: context.now},
        },
    });
    if let Some(subsets) = &subsets {
        wanted["subsets"] = subsets.clone();
    }
    match context.get(ENDPOINTS, namespace(service), name(service)) {
        None => context.create(wanted),
        Some(present) if present.get("subsets") != subsets.as_ref() => context.modify(ENDPOINTS, &present, |one| {
            one["metadata"]["annotations"][TRIGGERED] = json!(context.now);
            match subsets {
                Some(subsets) => one["subsets"] = subsets,
                None => drop(one.as_object_mut().map(|map| map.remove("subsets"))),
            }
        }),
        Some(_) => {}
    }
}

fn slice_of(context: &Context<'_>, service: &Value) -> Option<Arc<Value>> {
    let all = context.list(ENDPOINT_SLICE, Some(namespace(service)));
    all.into_iter().find(|slice| label(slice, SERVICE_NAME) == Some(name(service)))
}

fn write_slice(context: &Context<'_>, service: &Value, mine: &[&Arc<Value>], is_ready: &dyn Fn(&Value) -> bool) {
    let endpoint = |pod: &&Arc<Value>| {
        let ready = is_ready(pod);
        json!({
            "addresses": [pod["status"]["podIP"]], "nodeName": pod["spec"]["nodeName"], "targetRef": target(pod),
            "conditions": {"ready": ready, "serving": pods::is_ready(pod), "terminating": is_going(pod)},
        })
    };
    let endpoints: Vec<Value> = mine.iter().map(endpoint).collect();
    write_endpoint_slice(context, service, json!(endpoints), json!(ports(service, mine.first().map(|pod| &***pod))));
}

fn write_endpoint_slice(context: &Context<'_>, service: &Value, endpoints: Value, ports: Value) {
    if let Some(present) = slice_of(context, service) {
        if present.get("endpoints") != Some(&endpoints) || present.get("ports") != Some(&ports) {
            context.modify(ENDPOINT_SLICE, &present, |one| {
                one["metadata"]["annotations"][TRIGGERED] = json!(context.now);
                one["endpoints"] = endpoints;
                one["ports"] = ports;
            });
        }
        return;
    }
    let mut labels = labels(service);
    labels[SERVICE_NAME] = json!(name(service));
    labels["endpointslice.kubernetes.io/managed-by"] = json!("endpointslice-controller.k8s.io");
    context.create(json!({
        "apiVersion": ENDPOINT_SLICE.0, "kind": ENDPOINT_SLICE.1, "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
        "metadata": {
            "generateName": format!("{}-", name(service)), "namespace": namespace(service), "labels": labels,
            "ownerReferences": [owner_reference(service)], "annotations": {TRIGGERED: context.now},
        },
    }));
}

/// A service without a selector: a slice of the endpoints that somebody wrote.
fn mirror(context: &Context<'_>, service: &Value) {
    let Some(endpoints) = context.get(ENDPOINTS, namespace(service), name(service)) else { return };
    if label(&endpoints, "endpointslice.kubernetes.io/skip-mirror") == Some("true") {
        return;
    }
    let Some(subset) = list(&endpoints, "/subsets").first() else { return };
    let one = |address: &Value| json!({"addresses": [address["ip"]], "conditions": {"ready": true}});
    let mirrored: Vec<Value> = list(subset, "/addresses").iter().map(one).collect();
    let ports = subset.get("ports").cloned().unwrap_or_else(|| json!([]));
    write_endpoint_slice(context, service, json!(mirrored), ports);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_ports_are_numbers_names_or_the_port_itself() {
        let pod = json!({"spec": {"containers": [{"ports": [{"name": "web", "containerPort": 8080}]}]}});
        assert_eq!(target_port(&json!({"port": 80, "targetPort": "web"}), &pod), Some(8080));
        assert_eq!(target_port(&json!({"port": 80, "targetPort": 81}), &pod), Some(81));
        assert_eq!(target_port(&json!({"port": 80}), &pod), Some(80));
        assert_eq!(target_port(&json!({"port": 80, "targetPort": 0}), &pod), Some(80));
        assert_eq!(target_port(&json!({"port": 80, "targetPort": "none"}), &pod), None);
    }
}

//! Injection: what istiod adds to a pod, from the values of its own configuration.

use serde_json::{Value, json};

use super::object::{CONFIG_MAP, annotation, label, list, name, text};
use super::pods::push;
use crate::kube::Cluster;

/// What a proxy container is called.
pub const PROXY: &str = "istio-proxy";

/// What decides how a pod is injected.
struct Settings {
    values: Value,
    revision: String,
    cluster: String,
    network: String,
    network_label: bool,
}

/// Inject a pod. Returns the changed pod, nothing when it is left as it is.
///
/// # Errors
/// When istiod has no configuration for it.
pub fn inject(control: &Cluster, path: &str, namespace: &str, pod: &Value) -> Result<Option<Value>, String> {
    if !wants(namespace, pod) {
        return Ok(None);
    }
    let settings = settings(control, path)?;
    let templates = annotation(pod, "inject.istio.io/templates").unwrap_or("sidecar");
    let mut changed = pod.clone();
    for template in templates.split(',').map(str::trim) {
        match template {
            "sidecar" => sidecar(&mut changed, namespace, &settings),
            "gateway" => gateway(&mut changed, namespace, &settings),
            other => {
                return Err(format!(
                    "could not find template \"{other}\" (have [gateway grpc-agent grpc-simple kube-gateway sidecar waypoint])"
                ));
            }
        }
    }
    Ok(Some(changed))
}

fn wants(namespace: &str, pod: &Value) -> bool {
    if pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true))
        || matches!(namespace, "kube-system" | "kube-public")
    {
        return false;
    }
    let key = "sidecar.istio.io/inject";
    let asked = label(pod, key).or_else(|| annotation(pod, key));
    !matches!(asked, Some("false" | "no" | "off" | "n")) && annotation(pod, "sidecar.istio.io/status").is_none()
}

fn settings(control: &Cluster, path: &str) -> Result<Settings, String> {
    let maps = control.store().list(CONFIG_MAP, None);
    let map = maps
        .iter()
        .find(|map| name(map) == "istio-sidecar-injector" || name(map).starts_with("istio-sidecar-injector-"));
    let map = map.ok_or("no injection configuration")?;
    let values: Value = serde_json::from_str(text(map, "/data/values"))
        .map_err(|why| format!("failed to parse injection values: {why}"))?;
    let words: Vec<&str> = path.trim_matches('/').split('/').skip(1).collect();
    let of_path = |key: &str| {
        words
            .chunks(2)
            .find(|pair| pair[0] == key)
            .and_then(|pair| pair.get(1))
            .map(|one| one.replace("--slash--", "/"))
    };
    let written = |pointer: &str| text(&values, pointer).to_owned();
    let or = |one: String, other: &str| if one.is_empty() { other.to_owned() } else { one };
    Ok(Settings {
        revision: or(written("/revision"), "default"),
        cluster: of_path("cluster").unwrap_or_else(|| or(written("/global/multiCluster/clusterName"), "Kubernetes")),
        network: of_path("net").unwrap_or_else(|| written("/global/network")),
        network_label: of_path("net").is_some(),
        values,
    })
}

impl Settings {
    fn value(&self, pointer: &str, otherwise: &str) -> String {
        match self.values.pointer(pointer) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(one)) => one.to_string(),
            _ => otherwise.to_owned(),
        }
    }

    fn image(&self, pod: &Value) -> String {
        if let Some(image) = annotation(pod, "sidecar.istio.io/proxyImage") {
            return image.to_owned();
        }
        let image = self.value("/global/proxy/image", "proxyv2");
        if image.contains('/') {
            return image;
        }
        let variant = self.value("/global/variant", "");
        let variant = if variant.is_empty() { variant } else { format!("-{variant}") };
        let (hub, tag) = (self.value("/global/hub", "docker.io/istio"), self.value("/global/tag", "1.20.1"));
        format!("{hub}/{image}:{tag}{variant}")
    }
}

/// Where a pod comes from: the deployment's name when a replica set made it.
fn workload(pod: &Value) -> (String, &'static str) {
    let Some(owner) = super::object::controller(pod) else { return (name(pod).to_owned(), "v1/Pod") };
    let owner_name = text(owner, "/name");
    match text(owner, "/kind") {
        "ReplicaSet" => {
            let deployment = owner_name.rsplit_once('-').map_or(owner_name, |(deployment, _)| deployment);
            (deployment.to_owned(), "apps/v1/Deployment")
        }
        "DaemonSet" => (owner_name.to_owned(), "apps/v1/DaemonSet"),
        "StatefulSet" => (owner_name.to_owned(), "apps/v1/StatefulSet"),
        _ => (owner_name.to_owned(), "batch/v1/Job"),
    }
}

fn set_new(object: &mut Value, what: &str, key: &str, value: &str) {
    if object["metadata"][what].get(key).is_none() {
        object["metadata"][what][key] = json!(value);
    }
}

fn mark(pod: &mut Value, settings: &Settings, template: &str) {
    let (workload, _) = workload(pod);
    let from =
        |keys: [&str; 2], otherwise: &str| keys.iter().find_map(|key| label(pod, key)).unwrap_or(otherwise).to_owned();
    let canonical = from(["app.kubernetes.io/name", "app"], &workload);
    let revision = from(["app.kubernetes.io/version", "version"], "latest");
    set_new(pod, "labels", "service.istio.io/canonical-name", &canonical);
    set_new(pod, "labels", "service.istio.io/canonical-revision", &revision);
    if template == "sidecar" {
        set_new(pod, "labels", "security.istio.io/tlsMode", "istio");
    }
    if settings.network_label {
        set_new(pod, "labels", "topology.istio.io/network", &settings.network);
    }
    pod["metadata"]["annotations"]["istio.io/rev"] = json!(settings.revision);
    if settings.values.pointer("/global/proxy/tracer").is_some() || template == "sidecar" {
        for (key, value) in [
            ("prometheus.io/scrape", "true"),
            ("prometheus.io/port", "15020"),
            ("prometheus.io/path", "/stats/prometheus"),
        ] {
            pod["metadata"]["annotations"][key] = json!(value);
        }
    }
    let first =
        list(pod, "/spec/containers").iter().map(|one| text(one, "/name")).find(|one| *one != PROXY).map(str::to_owned);
    for key in ["kubectl.kubernetes.io/default-container", "kubectl.kubernetes.io/default-logs-container"] {
        if let Some(first) = &first {
            set_new(pod, "annotations", key, first);
        }
    }
}

fn note_status(pod: &mut Value, settings: &Settings, init: &[&str]) {
    let status = json!({
        "initContainers": if init.is_empty() { Value::Null } else { json!(init) }, "containers": [PROXY],
        "volumes": ["workload-socket", "credential-socket", "workload-certs", "istio-envoy", "istio-data", "istio-podinfo", "istio-token", "istiod-ca-cert"],
        "imagePullSecrets": null, "revision": settings.revision,
    });
    pod["metadata"]["annotations"]["sidecar.istio.io/status"] = json!(status.to_string());
}

fn field(path: &str) -> Value {
    json!({"fieldRef": {"apiVersion": "v1", "fieldPath": path}})
}

fn environment(pod: &Value, namespace: &str, settings: &Settings) -> Vec<Value> {
    let (workload, kind) = workload(pod);
    let (api, kind) = kind.rsplit_once('/').unwrap_or(("v1", "Pod"));
    let names: Vec<&str> =
        list(pod, "/spec/containers").iter().map(|one| text(one, "/name")).filter(|one| *one != PROXY).collect();
    let suffix = if settings.revision == "default" { String::new() } else { format!("-{}", settings.revision) };
    let home = settings.value("/global/istioNamespace", "istio-system");
    let mut all = vec![
        json!({"name": "JWT_POLICY", "value": settings.value("/global/jwtPolicy", "third-party-jwt")}),
        json!({"name": "PILOT_CERT_PROVIDER", "value": settings.value("/global/pilotCertProvider", "istiod")}),
        json!({"name": "CA_ADDR", "value": settings.value("/global/caAddress", &format!("istiod{suffix}.{home}.svc:15012"))}),
    ];
    for (key, path) in [
        ("POD_NAME", "metadata.name"),
        ("POD_NAMESPACE", "metadata.namespace"),
        ("INSTANCE_IP", "status.podIP"),
        ("SERVICE_ACCOUNT", "spec.serviceAccountName"),
        ("HOST_IP", "status.hostIP"),
        ("ISTIO_META_NODE_NAME", "spec.nodeName"),
    ] {
        all.push(json!({"name": key, "valueFrom": field(path)}));
    }
    let owner = format!("kubernetes://apis/{api}/namespaces/{namespace}/{}s/{workload}", kind.to_lowercase());
    for (key, value) in [
        ("ISTIO_META_APP_CONTAINERS", names.join(",")),
        ("ISTIO_META_CLUSTER_ID", settings.cluster.clone()),
        ("ISTIO_META_INTERCEPTION_MODE", "REDIRECT".to_owned()),
        ("ISTIO_META_NETWORK", settings.network.clone()),
        ("ISTIO_META_WORKLOAD_NAME", workload),
        ("ISTIO_META_OWNER", owner),
        ("ISTIO_META_MESH_ID", settings.value("/global/meshID", "cluster.local")),
        ("TRUST_DOMAIN", "cluster.local".to_owned()),
    ] {
        if !value.is_empty() {
            all.push(json!({"name": key, "value": value}));
        }
    }
    all
}

fn proxy(pod: &Value, namespace: &str, settings: &Settings, role: &str) -> Value {
    let domain = settings.value("/global/proxy/clusterDomain", "cluster.local");
    let mounts = json!([
        {"name": "workload-socket", "mountPath": "/var/run/secrets/workload-spiffe-uds"},
        {"name": "credential-socket", "mountPath": "/var/run/secrets/credential-uds"},
        {"name": "workload-certs", "mountPath": "/var/run/secrets/workload-spiffe-credentials"},
        {"name": "istiod-ca-cert", "mountPath": "/var/run/secrets/istio"},
        {"name": "istio-data", "mountPath": "/var/lib/istio/data"},
        {"name": "istio-envoy", "mountPath": "/etc/istio/proxy"},
        {"name": "istio-token", "mountPath": "/var/run/secrets/tokens"},
        {"name": "istio-podinfo", "mountPath": "/etc/istio/pod"},
    ]);
    json!({
        "name": PROXY, "image": settings.image(pod),
        "args": [
            "proxy", role, "--domain", format!("$(POD_NAMESPACE).svc.{domain}"),
            format!("--proxyLogLevel={}", settings.value("/global/proxy/logLevel", "warning")),
            format!("--proxyComponentLogLevel={}", settings.value("/global/proxy/componentLogLevel", "misc:error")),
            format!("--log_output_level={}", settings.value("/global/logging/level", "default:info")),
        ],
        "ports": [{"containerPort": 15090, "protocol": "TCP", "name": "http-envoy-prom"}],
        "env": environment(pod, namespace, settings),
        "readinessProbe": {
            "httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"},
            "initialDelaySeconds": 0, "periodSeconds": 15, "timeoutSeconds": 3, "failureThreshold": 4, "successThreshold": 1,
        },
        "resources": settings.values.pointer("/global/proxy/resources").cloned().unwrap_or_else(|| json!({})),
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "privileged": false, "readOnlyRootFilesystem": true,
            "runAsGroup": 1337, "runAsNonRoot": true, "runAsUser": 1337,
        },
        "volumeMounts": mounts,
    })
}

fn add_volumes(pod: &mut Value) {
    for volume in [
        json!({"name": "workload-socket", "emptyDir": {}}),
        json!({"name": "credential-socket", "emptyDir": {}}),
        json!({"name": "workload-certs", "emptyDir": {}}),
        json!({"name": "istio-envoy", "emptyDir": {"medium": "Memory"}}),
        json!({"name": "istio-data", "emptyDir": {}}),
        json!({"name": "istio-podinfo", "downwardAPI": {"defaultMode": 420, "items": [
            {"path": "labels", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels"}},
            {"path": "annotations", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.annotations"}},
        ]}}),
        json!({"name": "istio-token", "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"path": "istio-token", "expirationSeconds": 43200, "audience": "istio-ca"}},
        ]}}),
        json!({"name": "istiod-ca-cert", "configMap": {"name": "istio-ca-root-cert", "defaultMode": 420}}),
    ] {
        if !list(pod, "/spec/volumes").iter().any(|one| one["name"] == volume["name"]) {
            push(&mut pod["spec"], "volumes", volume);
        }
    }
}

fn sidecar(pod: &mut Value, namespace: &str, settings: &Settings) {
    mark(pod, settings, "sidecar");
    let init = json!({
        "name": "istio-init", "image": settings.image(pod),
        "args": [
            "istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-x", "", "-b", "*",
            "-d", "15090,15021,15020", "--log_output_level=default:info",
        ],
        "resources": settings.values.pointer("/global/proxy/resources").cloned().unwrap_or_else(|| json!({})),
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}, "privileged": false,
            "readOnlyRootFilesystem": false, "runAsGroup": 0, "runAsNonRoot": false, "runAsUser": 0,
        },
    });
    let proxy = proxy(pod, namespace, settings, "sidecar");
    push(&mut pod["spec"], "initContainers", init);
    push(&mut pod["spec"], "containers", proxy);
    add_volumes(pod);
    note_status(pod, settings, &["istio-init"]);
}

/// A gateway's own container is filled in: what it says itself stays, but for the image.
fn gateway(pod: &mut Value, namespace: &str, settings: &Settings) {
    mark(pod, settings, "gateway");
    let template = proxy(pod, namespace, settings, "router");
    let containers = pod["spec"]["containers"].as_array_mut();
    match containers.and_then(|all| all.iter_mut().find(|one| text(one, "/name") == PROXY)) {
        Some(own) => fill(own, &template),
        None => push(&mut pod["spec"], "containers", template),
    }
    add_volumes(pod);
    note_status(pod, settings, &[]);
}

fn fill(own: &mut Value, template: &Value) {
    for (key, value) in template.as_object().into_iter().flatten() {
        match (key.as_str(), own.get(key)) {
            ("env" | "volumeMounts" | "ports", Some(Value::Array(_))) => {
                let has = |list: &Value, one: &Value| {
                    list.as_array()
                        .into_iter()
                        .flatten()
                        .any(|other| other["name"] == one["name"] && !one["name"].is_null())
                };
                for one in value.as_array().into_iter().flatten() {
                    if !has(&own[key], one) {
                        push(own, key, one.clone());
                    }
                }
            }
            ("image", Some(image)) if image.as_str() != Some("auto") && !image.is_null() => {}
            ("image" | "readinessProbe", _) | (_, None | Some(Value::Null)) => own[key] = value.clone(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_keeps_its_own_ports_and_environment() {
        let settings = Settings {
            values: json!({"global": {"hub": "docker.io/istio", "tag": "1.20.1"}}),
            revision: "default".into(),
            cluster: "one".into(),
            network: "n1".into(),
            network_label: false,
        };
        let mut pod = json!({
            "metadata": {"name": "g", "labels": {}, "annotations": {}},
            "spec": {"containers": [{"name": PROXY, "image": "auto", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 1}]}]},
        });
        gateway(&mut pod, "istio-system", &settings);
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["image"], "docker.io/istio/proxyv2:1.20.1");
        assert_eq!(container["env"][0], json!({"name": "A", "value": "1"}));
        assert!(list(container, "/env").iter().any(|one| one["name"] == "ISTIO_META_NETWORK" && one["value"] == "n1"));
        assert_eq!(container["args"][1], "router");
    }
}

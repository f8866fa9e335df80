//! What is in a cluster from the beginning: namespaces, the service of the API server, roles, priorities.

use serde_json::{Value, json};

use super::{
    cluster::{Config, Node, kubernetes_service},
    store::Store,
};

/// The namespaces of every cluster.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// The subset of the built-in roles that matters to users: name, and rules.
fn roles() -> Vec<(&'static str, Value)> {
    let all = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }, { "nonResourceURLs": ["*"], "verbs": ["*"] }]);
    let read = ["get", "list", "watch"];
    let write = ["create", "delete", "deletecollection", "patch", "update"];
    let both: Vec<&str> = read.iter().chain(&write).copied().collect();
    let core = [
        "configmaps",
        "endpoints",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "services",
        "serviceaccounts",
    ];
    let read_core = ["events", "limitranges", "namespaces", "pods/log", "pods/status", "resourcequotas"];
    let viewed = json!([
        { "apiGroups": [""], "resources": core.iter().chain(&read_core).collect::<Vec<_>>(), "verbs": read },
        { "apiGroups": ["apps", "autoscaling", "batch", "networking.k8s.io", "policy", "discovery.k8s.io"], "resources": ["*"], "verbs": read },
    ]);
    let attach = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "pods/eviction", "services/proxy"];
    let mut edited = vec![
        json!({ "apiGroups": [""], "resources": core.iter().chain(&["secrets"]).collect::<Vec<_>>(), "verbs": both }),
        json!({ "apiGroups": [""], "resources": read_core, "verbs": read }),
        json!({ "apiGroups": [""], "resources": attach, "verbs": both }),
        json!({ "apiGroups": ["apps", "autoscaling", "batch", "networking.k8s.io", "policy"], "resources": ["*"], "verbs": both }),
    ];
    let edit = Value::Array(edited.clone());
    edited.push(
        json!({ "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": both }),
    );
    edited.push(json!({ "apiGroups": ["authorization.k8s.io"], "resources": ["localsubjectaccessreviews"], "verbs": ["create"] }));
    let paths = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
    ];
    let reviews = json!([
        { "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], "verbs": ["create"] },
        { "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"] },
    ]);
    let issuer = ["/.well-known/openid-configuration", "/openid/v1/jwks"];
    vec![
        ("cluster-admin", all),
        ("admin", Value::Array(edited)),
        ("edit", edit),
        ("view", viewed),
        ("system:discovery", json!([{ "nonResourceURLs": paths, "verbs": ["get"] }])),
        ("system:basic-user", reviews),
        ("system:service-account-issuer-discovery", json!([{ "nonResourceURLs": issuer, "verbs": ["get"] }])),
        (
            "system:public-info-viewer",
            json!([{ "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"] }]),
        ),
        (
            "system:auth-delegator",
            json!([
                { "apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"] },
                { "apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"] },
            ]),
        ),
    ]
}

/// Which groups have which of them.
const BINDINGS: [(&str, &[&str]); 5] = [
    ("cluster-admin", &["system:masters"]),
    ("system:discovery", &["system:authenticated"]),
    ("system:basic-user", &["system:authenticated"]),
    ("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
    ("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
];

/// Put it into the store of a new cluster.
pub(super) fn fill(store: &Store, config: &Config) {
    let mut objects: Vec<Value> = NAMESPACES.iter().map(|name| namespace(name)).collect();
    objects.push(kubernetes_service(config));
    objects.push(json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": { "name": "kubernetes", "namespace": "default", "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } },
        "subsets": [{ "addresses": [{ "ip": config.address }], "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }] }],
    }));
    objects.push(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": { "name": "kubernetes", "namespace": "default", "labels": { "kubernetes.io/service-name": "kubernetes" } },
        "addressType": "IPv4",
        "endpoints": [{ "addresses": [config.address], "conditions": { "ready": true } }],
        "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
    }));
    let labels = json!({ "kubernetes.io/bootstrapping": "rbac-defaults" });
    let group = "rbac.authorization.k8s.io";
    for (name, rules) in roles() {
        objects.push(json!({ "apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": { "name": name, "labels": labels }, "rules": rules }));
    }
    for (name, groups) in BINDINGS {
        let subjects: Vec<Value> =
            groups.iter().map(|name| json!({ "apiGroup": group, "kind": "Group", "name": name })).collect();
        objects.push(json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": name, "labels": labels },
            "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": name }, "subjects": subjects,
        }));
    }
    for (name, value, description) in [
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
    ] {
        objects.push(json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": name }, "value": value,
            "preemptionPolicy": "PreemptLowerPriority", "description": description,
        }));
    }
    for object in objects {
        // The store is empty and every object has a name of its own: nothing of this can be refused.
        drop(store.create(object));
    }
}

/// A namespace as the server makes it.
pub(super) fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } },
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    })
}

/// A node as its kubelet registers it.
pub(super) fn node(config: &Config, node: &Node) -> Value {
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux",
    });
    if node.control_plane {
        labels["node-role.kubernetes.io/control-plane"] = "".into();
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = "".into();
    }
    for (key, value) in &node.labels {
        labels[key] = value.as_str().into();
    }
    let mut spec = json!({
        "podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr], "providerID": format!("kind://docker/{}/{}", config.name, node.name),
    });
    if !node.taints.is_empty() {
        spec["taints"] = Value::Array(node.taints.clone());
    }
    let resources = json!({
        "cpu": "8", "ephemeral-storage": "254Gi", "hugepages-1Gi": "0", "hugepages-2Mi": "0", "memory": "16Gi", "pods": "110",
    });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": node.name, "labels": labels,
            "annotations": {
                "kubeadm.alpha.kubernetes.io/cri-socket": "unix:///run/containerd/containerd.sock",
                "node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
        "status": {
            "addresses": [{ "type": "InternalIP", "address": node.address }, { "type": "Hostname", "address": node.name }],
            "allocatable": resources, "capacity": resources,
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "nodeInfo": {
                "architecture": "amd64", "bootID": "", "machineID": "", "systemUUID": "", "operatingSystem": "linux",
                "containerRuntimeVersion": "containerd://1.7.1", "kernelVersion": "5.15.0-simulated",
                "kubeProxyVersion": config.version, "kubeletVersion": config.version, "osImage": "Debian GNU/Linux 11 (bullseye)",
            },
        },
    })
}

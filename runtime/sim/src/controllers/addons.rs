//! What kubeadm puts into a new cluster: static pods, kube-proxy, CoreDNS.

use serde_json::{Value, json};

use super::{
    Context,
    object::{CONFIG_MAP, DAEMON_SET, DEPLOYMENT, NAMESPACE, NODE, POD, SERVICE, SERVICE_ACCOUNT, label, name, text},
    pods,
};

const SYSTEM: &str = "kube-system";

/// One step: once there is a node, what kubeadm makes; once only, for a user may delete it.
pub fn step(context: &Context<'_>) {
    if context.cluster.is_loaded() {
        return; // whoever made it has put in what belongs there
    }
    let nodes = context.list(NODE, None);
    let is_control_plane = |node: &Value| label(node, "node-role.kubernetes.io/control-plane").is_some();
    let planes = nodes.iter().filter(|node| is_control_plane(node));
    for node in planes.clone() {
        static_pods(context, node);
    }
    if planes.count() == 0 || context.get(NAMESPACE, "", SYSTEM).is_none() || !context.runtime().tell_once("addons") {
        return;
    }
    for object in [core_dns_config(), core_dns_service(context), core_dns(), proxy_config(), proxy(context)] {
        context.create(object);
    }
    for account in ["coredns", "kube-proxy"] {
        context.create(json!({
            "apiVersion": SERVICE_ACCOUNT.0, "kind": SERVICE_ACCOUNT.1, "metadata": {"name": account, "namespace": SYSTEM},
        }));
    }
}

/// The pods that a control plane's kubelet starts by itself.
fn static_pods(context: &Context<'_>, node: &Value) {
    let version = text(node, "/status/nodeInfo/kubeletVersion");
    for (component, image) in [
        ("etcd", "registry.k8s.io/etcd:3.5.7-0".to_owned()),
        ("kube-apiserver", format!("registry.k8s.io/kube-apiserver:{version}")),
        ("kube-controller-manager", format!("registry.k8s.io/kube-controller-manager:{version}")),
        ("kube-scheduler", format!("registry.k8s.io/kube-scheduler:{version}")),
    ] {
        let pod_name = format!("{component}-{}", name(node));
        if context.get(POD, SYSTEM, &pod_name).is_some() {
            continue;
        }
        let mut pod = json!({
            "apiVersion": POD.0, "kind": POD.1,
            "metadata": {
                "name": pod_name, "namespace": SYSTEM, "labels": {"component": component, "tier": "control-plane"},
                "annotations": {"kubernetes.io/config.source": "file"},
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "Node", "name": name(node), "uid": node["metadata"]["uid"], "controller": true,
                }],
            },
            "spec": {
                "containers": [{"name": component, "image": image, "command": [component]}],
                "hostNetwork": true, "nodeName": name(node), "priorityClassName": "system-node-critical",
                "tolerations": [{"effect": "NoExecute", "operator": "Exists"}],
            },
        });
        pods::set_defaults(&mut pod);
        context.create(pod);
    }
}

fn core_dns_config() -> Value {
    let corefile = ".:53 {\n    errors\n    health {\n       lameduck 5s\n    }\n    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n       fallthrough in-addr.arpa ip6.arpa\n       ttl 30\n    }\n    prometheus :9153\n    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n    cache 30\n    loop\n    reload\n    loadbalance\n}\n";
    json!({
        "apiVersion": CONFIG_MAP.0, "kind": CONFIG_MAP.1, "metadata": {"name": "coredns", "namespace": SYSTEM},
        "data": {"Corefile": corefile},
    })
}

fn core_dns_service(context: &Context<'_>) -> Value {
    let subnet: Option<ipnet::IpNet> =
        context.cluster.config().service_subnet.split(',').next().and_then(|one| one.trim().parse().ok());
    let address = subnet.and_then(|one| one.hosts().nth(9)).map(|one| one.to_string()).unwrap_or_default();
    let labels =
        json!({"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"});
    json!({
        "apiVersion": SERVICE.0, "kind": SERVICE.1, "metadata": {"name": "kube-dns", "namespace": SYSTEM, "labels": labels},
        "spec": {
            "clusterIP": address, "clusterIPs": [address], "type": "ClusterIP", "selector": {"k8s-app": "kube-dns"},
            "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
                {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
            ],
        },
        "status": {"loadBalancer": {}},
    })
}

fn core_dns() -> Value {
    let tolerations = json!([
        {"key": "CriticalAddonsOnly", "operator": "Exists"},
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
    ]);
    json!({
        "apiVersion": DEPLOYMENT.0, "kind": DEPLOYMENT.1,
        "metadata": {"name": "coredns", "namespace": SYSTEM, "labels": {"k8s-app": "kube-dns"}},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
            "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": {"k8s-app": "kube-dns"}},
                "spec": {
                    "containers": [{
                        "name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.10.1", "args": ["-conf", "/etc/coredns/Corefile"],
                        "ports": [
                            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
                            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
                        ],
                        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": true}],
                    }],
                    "volumes": [{"name": "config-volume", "configMap": {"name": "coredns", "defaultMode": 420}}],
                    "serviceAccountName": "coredns", "priorityClassName": "system-cluster-critical", "tolerations": tolerations,
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                },
            },
        },
    })
}

fn proxy_config() -> Value {
    json!({
        "apiVersion": CONFIG_MAP.0, "kind": CONFIG_MAP.1, "metadata": {"name": "kube-proxy", "namespace": SYSTEM},
        "data": {"config.conf": "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: iptables\n"},
    })
}

fn proxy(context: &Context<'_>) -> Value {
    let image = format!("registry.k8s.io/kube-proxy:{}", context.cluster.config().version);
    json!({
        "apiVersion": DAEMON_SET.0, "kind": DAEMON_SET.1,
        "metadata": {"name": "kube-proxy", "namespace": SYSTEM, "labels": {"k8s-app": "kube-proxy"}},
        "spec": {
            "selector": {"matchLabels": {"k8s-app": "kube-proxy"}}, "updateStrategy": {"type": "RollingUpdate"},
            "template": {
                "metadata": {"labels": {"k8s-app": "kube-proxy"}},
                "spec": {
                    "containers": [{
                        "name": "kube-proxy", "image": image, "command": ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"],
                        "volumeMounts": [{"name": "kube-proxy", "mountPath": "/var/lib/kube-proxy"}],
                    }],
                    "volumes": [{"name": "kube-proxy", "configMap": {"name": "kube-proxy", "defaultMode": 420}}],
                    "hostNetwork": true, "serviceAccountName": "kube-proxy", "priorityClassName": "system-node-critical",
                    "tolerations": [{"operator": "Exists"}], "nodeSelector": {"kubernetes.io/os": "linux"},
                },
            },
        },
    })
}

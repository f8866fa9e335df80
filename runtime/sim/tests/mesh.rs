//! Meshes of two clusters, whole and broken: the traffic must fail as it does in life, with the same symptom.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use meshrun_sim::{
    World,
    controllers::Loops,
    kube::{Cluster, Config, Node},
    mesh,
    pods::{self, Io},
};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");
const POD: (&str, &str) = ("v1", "Pod");

/// What is left out or done wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Defect {
    Nothing,
    NoRemoteSecret,
    LoopbackServer,
    DifferentRoots,
    NoNetworkLabel,
    NothingExposed,
    NoGatewayAddress,
    OverlappingPools,
    NoInjectionLabel,
}

/// Two clusters.
struct Pair {
    world: Arc<World>,
    clusters: Vec<Arc<Cluster>>,
    loops: Vec<Loops>,
}

fn name(number: usize) -> String {
    format!("cluster{number}")
}

fn host(number: usize) -> String {
    format!("172.18.0.{}", number + 1)
}

fn apply(cluster: &Cluster, objects: Vec<Value>) {
    for object in objects {
        cluster.store().upsert(object).unwrap();
    }
}

fn namespace(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}, "spec": {"finalizers": ["kubernetes"]}})
}

fn account(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
}

fn deployment(namespace: &str, name: &str, labels: Value, pod: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels, "annotations": {}}, "spec": pod}},
    })
}

fn service(namespace: &str, name: &str, address: &str, selector: Value, ports: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": address, "selector": selector, "ports": ports, "type": "ClusterIP"}, "status": {"loadBalancer": {}},
    })
}

fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

/// kind's network, and MetalLB with its pool.
fn base(number: usize, defect: Defect) -> Vec<Value> {
    let range = match defect {
        Defect::OverlappingPools => "172.18.255.200-172.18.255.210".to_owned(),
        _ => format!("172.18.255.{}-172.18.255.{}", 190 + 10 * number, 199 + 10 * number),
    };
    let set = |namespace: &str, name: &str, image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image}], "hostNetwork": true, "tolerations": [{"operator": "Exists"}]},
            }},
        })
    };
    let mut all = vec![
        set("kube-system", "kindnet", "docker.io/kindest/kindnetd:v20230511"),
        namespace("metallb-system", json!({})),
        account("metallb-system", "controller"),
        deployment(
            "metallb-system",
            "controller",
            json!({"app": "metallb", "component": "controller"}),
            json!({"serviceAccountName": "controller", "containers": [{"name": "controller", "image": "quay.io/metallb/controller:v0.13.10"}]}),
        ),
        set("metallb-system", "speaker", "quay.io/metallb/speaker:v0.13.10"),
        json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "L2Advertisement", "metadata": {"name": "all", "namespace": "metallb-system"},
            "spec": {"ipAddressPools": ["pool"]},
        }),
    ];
    if !(defect == Defect::NoGatewayAddress && number == 2) {
        all.push(json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "pool", "namespace": "metallb-system"},
            "spec": {"addresses": [range]},
        }));
    }
    all
}

fn webhook(name: &str, namespaces: Value, objects: Value) -> Value {
    json!({
        "name": name, "failurePolicy": "Fail",
        "clientConfig": {"service": {"name": "istiod", "namespace": "istio-system", "path": "/inject", "port": 443}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": namespaces, "objectSelector": objects,
    })
}

/// istiod with its authority and its injection.
fn istiod(number: usize, defect: Defect) -> Vec<Value> {
    let network = format!("network{number}");
    let labels =
        if defect == Defect::NoNetworkLabel { json!({}) } else { json!({"topology.istio.io/network": network}) };
    let root = if defect == Defect::DifferentRoots { format!("root of {number}") } else { "root of all".to_owned() };
    let values = json!({"global": {
        "hub": "docker.io/istio", "tag": "1.20.1", "network": network, "meshID": "mesh1", "multiCluster": {"clusterName": name(number)},
    }});
    let disabled =
        json!({"matchExpressions": [{"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}]});
    let by_namespace =
        json!({"matchExpressions": [{"key": "istio-injection", "operator": "In", "values": ["enabled"]}]});
    let elsewhere = json!({"matchExpressions": [{"key": "istio-injection", "operator": "DoesNotExist"}]});
    let asked = json!({"matchExpressions": [{"key": "sidecar.istio.io/inject", "operator": "In", "values": ["true"]}]});
    vec![
        namespace("istio-system", labels),
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts", "namespace": "istio-system"}, "type": "Opaque",
            "data": {"ca-key.pem": encode("key"), "ca-cert.pem": encode("own"), "cert-chain.pem": encode("chain"), "root-cert.pem": encode(&root)},
        }),
        account("istio-system", "istiod"),
        account("istio-system", "reader"),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio-sidecar-injector", "namespace": "istio-system"},
            "data": {"values": values.to_string()},
        }),
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": "istio-sidecar-injector"},
            "webhooks": [
                webhook("namespace.sidecar-injector.istio.io", by_namespace, disabled),
                webhook("object.sidecar-injector.istio.io", elsewhere, asked),
            ],
        }),
        service(
            "istio-system",
            "istiod",
            "10.96.1.1",
            json!({"istio": "pilot"}),
            json!([{"name": "https-webhook", "port": 443, "targetPort": 15017}]),
        ),
        deployment(
            "istio-system",
            "istiod",
            json!({"app": "istiod", "istio": "pilot"}),
            json!({"serviceAccountName": "istiod", "containers": [{
                "name": "discovery", "image": "docker.io/istio/pilot:1.20.1", "env": [{"name": "CLUSTER_ID", "value": name(number)}],
            }]}),
        ),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "istio-system"}],
        }),
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
            "metadata": {"name": "reader-token", "namespace": "istio-system", "annotations": {"kubernetes.io/service-account.name": "reader"}},
        }),
    ]
}

/// The gateway between networks, and the services exposed through it.
fn gateway(number: usize, defect: Defect) -> Vec<Value> {
    let network = format!("network{number}");
    let labels =
        json!({"istio": "eastwestgateway", "topology.istio.io/network": network, "sidecar.istio.io/inject": "true"});
    let mut gateway = deployment(
        "istio-system",
        "istio-eastwestgateway",
        labels.clone(),
        json!({"containers": [{"name": "istio-proxy", "image": "auto", "env": [{"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": network}]}]}),
    );
    gateway["spec"]["template"]["metadata"]["annotations"] = json!({"inject.istio.io/templates": "gateway"});
    let ports = json!([{"name": "status-port", "port": 15021, "targetPort": 15021}, {"name": "tls", "port": 15443, "targetPort": 15443}]);
    let mut balancer = service("istio-system", "istio-eastwestgateway", "10.96.1.2", labels, ports);
    balancer["metadata"]["labels"] = json!({"topology.istio.io/network": network});
    balancer["spec"]["type"] = json!("LoadBalancer");
    let mut all = vec![gateway, balancer];
    if defect != Defect::NothingExposed {
        all.push(json!({
            "apiVersion": "networking.istio.io/v1beta1", "kind": "Gateway", "metadata": {"name": "cross-network-gateway", "namespace": "istio-system"},
            "spec": {"selector": {"istio": "eastwestgateway"}, "servers": [{
                "port": {"number": 15443, "name": "tls", "protocol": "TLS"}, "tls": {"mode": "AUTO_PASSTHROUGH"}, "hosts": ["*.local"],
            }]},
        }));
    }
    all
}

/// The sample: one version of helloworld, and sleep.
fn sample(number: usize, defect: Defect) -> Vec<Value> {
    let injected = !(defect == Defect::NoInjectionLabel && number == 2);
    let labels = if injected { json!({"istio-injection": "enabled"}) } else { json!({}) };
    let version = format!("v{number}");
    let image = format!("docker.io/istio/examples-helloworld-{version}");
    vec![
        namespace("sample", labels),
        account("sample", "sleep"),
        service(
            "sample",
            "helloworld",
            "10.96.1.3",
            json!({"app": "helloworld"}),
            json!([{"name": "http", "port": 5000, "protocol": "TCP"}]),
        ),
        deployment(
            "sample",
            "sleep",
            json!({"app": "sleep"}),
            json!({"serviceAccountName": "sleep", "containers": [{"name": "sleep", "image": "curlimages/curl", "command": ["/bin/sleep", "infinity"]}]}),
        ),
        deployment(
            "sample",
            &format!("helloworld-{version}"),
            json!({"app": "helloworld", "version": version}),
            json!({"containers": [{"name": "helloworld", "image": image, "ports": [{"containerPort": 5000}]}]}),
        ),
    ]
}

impl Pair {
    fn new(defect: Defect) -> Self {
        let world = World::new(7, Vec::new());
        let clusters: Vec<Arc<Cluster>> = [1, 2].map(|number| start(&world, number)).into();
        let mut pair = Self { world, clusters, loops: vec![Loops::default(), Loops::default()] };
        for number in [1, 2] {
            apply(pair.cluster(number), base(number, defect));
            apply(pair.cluster(number), istiod(number, defect));
        }
        pair.wait();
        for number in [1, 2] {
            apply(pair.cluster(number), gateway(number, defect));
            apply(pair.cluster(number), sample(number, defect));
        }
        if defect != Defect::NoRemoteSecret {
            pair.share(1, 2, defect);
            pair.share(2, 1, defect);
        }
        pair.wait();
        pair
    }

    fn cluster(&self, number: usize) -> &Arc<Cluster> {
        &self.clusters[number - 1]
    }

    /// Give one cluster the remote secret of another.
    fn share(&self, from: usize, to: usize, defect: Defect) {
        let token = self.cluster(from).store().get(("v1", "Secret"), Some("istio-system"), "reader-token").unwrap();
        let token = String::from_utf8(STANDARD.decode(token["data"]["token"].as_str().unwrap()).unwrap()).unwrap();
        let server = if defect == Defect::LoopbackServer { "127.0.0.1".to_owned() } else { host(from) };
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name(from),
            "clusters": [{"name": name(from), "cluster": {
                "server": format!("https://{server}:6443"), "certificate-authority-data": encode(&self.cluster(from).ca_pem()),
            }}],
            "contexts": [{"name": name(from), "context": {"cluster": name(from), "user": name(from)}}],
            "users": [{"name": name(from), "user": {"token": token}}],
        });
        apply(
            self.cluster(to),
            vec![json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {
                    "name": format!("istio-remote-secret-{}", name(from)), "namespace": "istio-system", "labels": {"istio/multiCluster": "true"},
                },
                "data": {name(from): encode(&kubeconfig.to_string())},
            })],
        );
    }

    /// Run the controllers until every deployment is available.
    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(180);
        loop {
            for (cluster, loops) in self.clusters.iter().zip(&mut self.loops) {
                loops.settle(&self.world, cluster);
            }
            let missing: Vec<String> = self.clusters.iter().flat_map(|cluster| missing(cluster)).collect();
            if missing.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "not available: {missing:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ask helloworld from a cluster so many times. Returns how often each line came.
    async fn ask(&self, number: usize, times: usize) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for _ in 0..times {
            let argv = ["curl", "-sS", "-m", "10", "helloworld.sample:5000/hello"];
            let (code, text) = self.exec(number, "app=sleep", "sleep", &argv).await;
            let line = text.trim().split(", instance").next().unwrap_or_default().to_owned();
            let line = if code == 0 { line } else { format!("{code} {line}") };
            *counts.entry(line).or_default() += 1;
        }
        counts
    }

    async fn exec(&self, number: usize, label: &str, container: &str, argv: &[&str]) -> (i32, String) {
        let (key, value) = label.split_once('=').unwrap();
        let all = self.cluster(number).store().list(POD, Some("sample"));
        let pod = all.iter().find(|pod| pod["metadata"]["labels"][key] == value).unwrap();
        let argv: Vec<String> = argv.iter().map(|one| (*one).to_owned()).collect();
        let (stdout, mut out) = tokio::io::duplex(1 << 20);
        let (stderr, mut err) = tokio::io::duplex(1 << 20);
        let io =
            Io { stdin: Box::new(tokio::io::empty()), stdout: Box::new(stdout), stderr: Box::new(stderr), tty: false };
        let code = pods::exec(self.cluster(number), pod, container, &argv, io).await.unwrap();
        let mut text = String::new();
        out.read_to_string(&mut text).await.unwrap();
        err.read_to_string(&mut text).await.unwrap();
        (code, text)
    }

    fn scale(&mut self, number: usize, deployment: &str, replicas: u64) {
        let change = |one: &mut Value| one["spec"]["replicas"] = json!(replicas);
        self.cluster(number).store().modify(DEPLOYMENT, Some("sample"), deployment, change).unwrap();
        self.wait();
    }
}

fn start(world: &Arc<World>, number: usize) -> Arc<Cluster> {
    let config = Config {
        name: name(number),
        version: "v1.27.3".into(),
        pod_subnet: format!("10.{number}0.0.0/16"),
        service_subnet: "10.96.0.0/16".into(),
        hosts: vec![host(number)],
        address: host(number),
    };
    let cluster = Cluster::start(world, config).unwrap();
    let node = Node {
        name: format!("{}-control-plane", name(number)),
        control_plane: true,
        address: host(number),
        labels: vec![("topology.kubernetes.io/region".into(), format!("region{number}"))],
        pod_cidr: format!("10.{number}0.0.0/24"),
        ..Node::default()
    };
    cluster.join_node(&node).unwrap();
    world.insert_cluster(&cluster);
    world.add_server(host(number).parse().unwrap(), &name(number));
    cluster
}

fn missing(cluster: &Cluster) -> Vec<String> {
    let available = |one: &Value| {
        let wanted = one["spec"]["replicas"].as_u64().unwrap_or(1);
        one["status"]["availableReplicas"].as_u64().unwrap_or(0) == wanted
            && one["status"]["replicas"].as_u64().unwrap_or(0) == wanted
            && one["status"]["observedGeneration"] == one["metadata"]["generation"]
    };
    let all = cluster.store().list(DEPLOYMENT, None);
    all.iter()
        .filter(|one| !available(one))
        .map(|one| format!("{}/{}", cluster.name(), one["metadata"]["name"]))
        .collect()
}

fn counted(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(line, count)| ((*line).to_owned(), *count)).collect()
}

fn only(version: usize) -> BTreeMap<String, usize> {
    counted(&[(&format!("Hello version: v{version}"), 24)])
}

fn both(counts: &BTreeMap<String, usize>) {
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["Hello version: v1", "Hello version: v2"], "{counts:?}");
}

#[tokio::test]
async fn a_whole_mesh_answers_with_both_versions_from_both_clusters() {
    let pair = Pair::new(Defect::Nothing);
    both(&pair.ask(1, 24).await);
    both(&pair.ask(2, 24).await);
    assert_eq!(mesh::clusterz(&pair.world, pair.cluster(1))[0]["syncStatus"], "synced");
    assert_eq!(pair.world.recorder.all(), Vec::<String>::new());
}

#[tokio::test]
async fn without_remote_secrets_each_cluster_sees_its_own_version() {
    let pair = Pair::new(Defect::NoRemoteSecret);
    assert_eq!(pair.ask(1, 24).await, only(1));
    assert_eq!(pair.ask(2, 24).await, only(2));
    assert_eq!(mesh::clusterz(&pair.world, pair.cluster(1)), json!([]));
}

#[tokio::test]
async fn a_remote_secret_with_a_loopback_server_never_syncs() {
    let pair = Pair::new(Defect::LoopbackServer);
    assert_eq!(pair.ask(1, 24).await, only(1));
    let states = mesh::clusterz(&pair.world, pair.cluster(1));
    assert_eq!(states[0]["id"], "cluster2");
    assert_eq!(states[0]["syncStatus"], "timeout");
}

#[tokio::test]
async fn with_different_roots_certificates_cannot_be_verified() {
    let mut pair = Pair::new(Defect::DifferentRoots);
    // The local version answers for the other, by a retry.
    assert_eq!(pair.ask(1, 24).await, only(1));
    pair.scale(1, "helloworld-v1", 0);
    let text = "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end";
    assert_eq!(pair.ask(1, 5).await, counted(&[(text, 5)]));
}

#[tokio::test]
async fn without_network_labels_the_other_pods_are_asked_directly_and_do_not_answer() {
    let pair = Pair::new(Defect::NoNetworkLabel);
    let counts = pair.ask(1, 24).await;
    let silent = "28 curl: (28) Operation timed out after 10000 milliseconds with 0 bytes received";
    assert_eq!(counts.keys().collect::<Vec<_>>(), [silent, "Hello version: v1"], "{counts:?}");
}

#[tokio::test]
async fn a_gateway_without_exposed_services_refuses() {
    let mut pair = Pair::new(Defect::NothingExposed);
    assert_eq!(pair.ask(1, 24).await, only(1));
    pair.scale(1, "helloworld-v1", 0);
    let text = "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: 111";
    assert_eq!(pair.ask(1, 5).await, counted(&[(text, 5)]));
}

#[tokio::test]
async fn a_gateway_without_an_address_is_gone_around_in_vain() {
    let pair = Pair::new(Defect::NoGatewayAddress);
    let counts = pair.ask(1, 24).await;
    let silent = "28 curl: (28) Operation timed out after 10000 milliseconds with 0 bytes received";
    assert_eq!(counts.keys().collect::<Vec<_>>(), [silent, "Hello version: v1"], "{counts:?}");
    // The other direction has an address.
    both(&pair.ask(2, 24).await);
}

#[tokio::test]
async fn overlapping_pools_lead_every_cluster_back_to_itself() {
    let pair = Pair::new(Defect::OverlappingPools);
    assert_eq!(pair.ask(1, 24).await, only(1));
    assert_eq!(pair.ask(2, 24).await, only(2));
}

#[tokio::test]
async fn without_the_injection_label_a_cluster_is_no_part_of_the_mesh() {
    let pair = Pair::new(Defect::NoInjectionLabel);
    assert_eq!(pair.ask(1, 24).await, only(1));
    assert_eq!(pair.ask(2, 24).await, only(2));
    let all = pair.cluster(2).store().list(POD, Some("sample"));
    assert!(all.iter().all(|pod| pod["spec"]["containers"].as_array().unwrap().len() == 1));
    let strict = json!({
        "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication", "metadata": {"name": "default", "namespace": "istio-system"},
        "spec": {"mtls": {"mode": "STRICT"}},
    });
    apply(pair.cluster(1), vec![strict]);
    assert_eq!(pair.ask(1, 24).await, only(1));
}

fn rule(detection: bool) -> Value {
    let mut rule = json!({
        "apiVersion": "networking.istio.io/v1beta1", "kind": "DestinationRule", "metadata": {"name": "helloworld", "namespace": "sample"},
        "spec": {"host": "helloworld.sample.svc.cluster.local", "trafficPolicy": {
            "loadBalancer": {"localityLbSetting": {"enabled": true, "failover": [{"from": "region1", "to": "region2"}]}},
        }},
    });
    if detection {
        rule["spec"]["trafficPolicy"]["outlierDetection"] =
            json!({"consecutive5xxErrors": 1, "interval": "1s", "baseEjectionTime": "1m"});
    }
    rule
}

#[tokio::test]
async fn region_rules_do_nothing_without_outlier_detection() {
    let pair = Pair::new(Defect::Nothing);
    apply(pair.cluster(1), vec![rule(false)]);
    both(&pair.ask(1, 24).await);
    apply(pair.cluster(1), vec![rule(true)]);
    assert_eq!(pair.ask(1, 24).await, only(1));
    let drain = ["curl", "-sS", "-X", "POST", "127.0.0.1:15000/drain_listeners"];
    assert_eq!(pair.exec(1, "app=helloworld", "istio-proxy", &drain).await, (0, "OK\n".to_owned()));
    let first = pair.ask(1, 1).await;
    assert!(first.keys().next().unwrap().starts_with("upstream connect error"), "{first:?}");
    assert_eq!(pair.ask(1, 24).await, only(2));
}

#[tokio::test]
async fn a_strict_server_breaks_plain_connections() {
    let pair = Pair::new(Defect::Nothing);
    let strict = json!({
        "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication", "metadata": {"name": "default", "namespace": "sample"},
        "spec": {"mtls": {"mode": "STRICT"}},
    });
    apply(pair.cluster(1), vec![strict, namespace("plain", json!({}))]);
    both(&pair.ask(1, 24).await);
}

#[tokio::test]
async fn names_of_services_elsewhere_are_not_resolved() {
    let pair = Pair::new(Defect::Nothing);
    pair.cluster(1).store().delete(("v1", "Service"), Some("sample"), "helloworld").unwrap();
    assert_eq!(pair.ask(1, 2).await, counted(&[("6 curl: (6) Could not resolve host: helloworld.sample", 2)]));
}

/// The objects of a manifest of upstream's, with what the API server fills in and this way around it does not.
fn upstream(path: &str) -> Option<Vec<Value>> {
    let folder = std::env::var_os("MESHRUN_UPSTREAM")?;
    let text = std::fs::read_to_string(std::path::Path::new(&folder).join(path)).unwrap();
    let documents = text.split("\n---").filter_map(|one| serde_yaml::from_str::<Value>(one).ok());
    let mut all: Vec<Value> = documents.filter(|one| one.get("kind").is_some()).collect();
    for (index, one) in all.iter_mut().enumerate() {
        if one["kind"] == "Service" {
            one["spec"]["clusterIP"] = json!(format!("10.96.2.{index}"));
        }
    }
    Some(all)
}

#[tokio::test]
async fn the_real_manifests_of_istio_and_metallb_come_up() {
    let Some(metallb) = upstream("metallb-v0.13.10/config/manifests/metallb-native.yaml") else {
        eprintln!("skipped: MESHRUN_UPSTREAM does not name a folder");
        return;
    };
    let world = World::new(7, Vec::new());
    let mut pair = Pair { clusters: vec![start(&world, 1)], world, loops: vec![Loops::default()] };
    let network = base(1, Defect::Nothing).remove(0);
    apply(pair.cluster(1), vec![network]);
    apply(pair.cluster(1), metallb);
    pair.wait();
    let pool = json!({
        "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "pool", "namespace": "metallb-system"},
        "spec": {"addresses": ["172.18.255.200-172.18.255.210"]},
    });
    let advertisement = json!({"apiVersion": "metallb.io/v1beta1", "kind": "L2Advertisement", "metadata": {"name": "a", "namespace": "metallb-system"}});
    apply(
        pair.cluster(1),
        vec![pool, advertisement, namespace("istio-system", json!({"topology.istio.io/network": "network1"}))],
    );
    apply(pair.cluster(1), upstream("goldens/istioctl/multi-primary-cluster1/expected.yaml").unwrap());
    pair.wait();
    apply(pair.cluster(1), upstream("goldens/istioctl/eastwest-network1/expected.yaml").unwrap());
    pair.wait();
    let store = pair.cluster(1).store();
    let pods = store.list(POD, Some("istio-system"));
    let gateway = pods.iter().find(|pod| pod["metadata"]["labels"]["istio"] == "eastwestgateway").unwrap();
    assert_eq!(gateway["spec"]["containers"][0]["image"], "docker.io/istio/proxyv2:1.20.1");
    let balancer = store.get(("v1", "Service"), Some("istio-system"), "istio-eastwestgateway").unwrap();
    assert_eq!(balancer["status"]["loadBalancer"]["ingress"][0]["ip"], "172.18.255.201");
    let configuration = store.get(
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        None,
        "istio-validator-istio-system",
    );
    let configuration = configuration.unwrap();
    assert_eq!(configuration["webhooks"][0]["failurePolicy"], "Fail");
    assert!(configuration["webhooks"][0]["clientConfig"]["caBundle"].is_string());
    assert!(store.get(("v1", "Secret"), Some("istio-system"), "istio-ca-secret").is_some());
    assert!(store.get(("v1", "ConfigMap"), Some("default"), "istio-ca-root-cert").is_some());
    assert_eq!(pair.world.recorder.all(), Vec::<String>::new());
}

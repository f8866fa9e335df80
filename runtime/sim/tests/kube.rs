//! The simulated API server over its real protocol: the cases of `tests/conformance/kube.yaml`, which run against a real cluster too,
//! in the lab or when MESHRUN_CONFORMANCE_KUBECONFIG names its kubeconfig.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http_body_util::BodyExt;
use kube::{
    Client,
    config::{KubeConfigOptions, Kubeconfig},
};
use meshrun_sim::{
    World,
    kube::{Cluster, Config, Node, TokenRequest},
};
use serde_json::{Value, json};

/// A simulated cluster that listens.
struct Simulated {
    world: Arc<World>,
    cluster: Arc<Cluster>,
    server: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.task.abort();
        self.world.remove_cluster(self.cluster.name());
    }
}

async fn simulated(name: &str) -> Simulated {
    let world = World::new(7, Vec::new());
    let config = Config {
        name: name.to_owned(),
        version: "v1.27.3".to_owned(),
        pod_subnet: "10.244.0.0/16".to_owned(),
        service_subnet: "10.96.0.0/16".to_owned(),
        hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
        address: "172.18.0.2".to_owned(),
    };
    let cluster = Cluster::start(&world, config).unwrap();
    world.add_cluster(&cluster);
    let node = Node {
        name: format!("{name}-control-plane"),
        control_plane: true,
        address: "172.18.0.2".to_owned(),
        pod_cidr: "10.244.0.0/24".to_owned(),
        ..Node::default()
    };
    cluster.join_node(&node).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let serving = cluster.clone();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serving.clone().serve(Box::new(stream)));
        }
    });
    Simulated { world, cluster, server, task }
}

async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    r#do: String,
    body: Option<Value>,
    text: Option<String>,
    r#type: Option<String>,
    accept: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    status: u16,
    has: Option<Value>,
    #[serde(default)]
    lacks: Vec<String>,
    #[serde(default)]
    save: BTreeMap<String, String>,
    raw: Option<String>,
    warns: Option<String>,
    /// What the first line of a stream has.
    first: Option<Value>,
    /// What must be there at last.
    until: Option<Value>,
}

/// An answer: its code, its warnings, its text.
struct Answer {
    code: u16,
    warnings: String,
    text: String,
}

async fn send(client: &Client, case: &Case, fill: &impl Fn(&str) -> String) -> Answer {
    let (method, path) = case.r#do.split_once(' ').unwrap();
    let mut request = http::Request::builder().method(method).uri(fill(path)).header("user-agent", "conformance/1");
    request = request.header("accept", case.accept.as_deref().unwrap_or("application/json"));
    for (name, value) in &case.headers {
        request = request.header(name, fill(value));
    }
    let body = match (&case.body, &case.text) {
        (Some(body), _) => fill(&body.to_string()),
        (None, Some(text)) => text.clone(),
        (None, None) => String::new(),
    };
    if !body.is_empty() {
        request = request.header("content-type", case.r#type.as_deref().unwrap_or("application/json"));
    }
    let response = client.send(request.body(body.into_bytes().into()).unwrap()).await.unwrap();
    let code = response.status().as_u16();
    let warnings = response.headers().get_all("warning").iter().filter_map(|value| value.to_str().ok());
    let warnings = warnings.collect::<Vec<_>>().join("\n").replace("\\\"", "\"");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { code, warnings, text: String::from_utf8_lossy(&bytes).into_owned() }
}

/// Where a value has not what is wanted of it.
fn differs(value: &Value, wanted: &Value, path: &str) -> Option<String> {
    let differ = || Some(format!("{path}: expected {wanted}, found {value}"));
    match (wanted, value) {
        (Value::Object(wanted), Value::Object(value)) => {
            wanted.iter().find_map(|(key, wanted)| differs(value.get(key)?, wanted, &format!("{path}/{key}"))).or_else(
                || wanted.keys().find(|key| !value.contains_key(*key)).map(|key| format!("{path}/{key} is missing")),
            )
        }
        (Value::Array(wanted), Value::Array(value)) if wanted.len() == value.len() => {
            let mut all = wanted.iter().zip(value).enumerate();
            all.find_map(|(index, (wanted, value))| differs(value, wanted, &format!("{path}/{index}")))
        }
        (Value::String(wanted), value) if wanted.starts_with('~') => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if regex::Regex::new(&wanted[1..]).unwrap().is_match(&text) { None } else { differ() }
        }
        (Value::String(wanted), Value::Number(number)) if *wanted == number.to_string() => None,
        _ if wanted == value => None,
        _ => differ(),
    }
}

fn judge(case: &Case, answer: &Answer, fill: &impl Fn(&str) -> String) -> Option<String> {
    if answer.code != case.status {
        return Some(format!("expected {}, found {}", case.status, answer.code));
    }
    if case.raw.as_ref().is_some_and(|raw| *raw != answer.text.trim()) {
        return Some(format!("expected {:?}", case.raw));
    }
    if case.warns.as_ref().is_some_and(|warning| !answer.warnings.contains(warning)) {
        return Some(format!("expected the warning {:?}, found {:?}", case.warns, answer.warnings));
    }
    let filled = |wanted: &Value| serde_json::from_str::<Value>(&fill(&wanted.to_string())).unwrap();
    if let Some(first) = &case.first {
        let line: Value = serde_json::from_str(answer.text.lines().next().unwrap_or("null")).unwrap();
        return differs(&line, &filled(first), "");
    }
    let value: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    if let Some(there) = case.lacks.iter().find(|pointer| value.pointer(pointer).is_some()) {
        return Some(format!("{there} is there"));
    }
    case.has.as_ref().and_then(|has| differs(&value, &filled(has), ""))
}

/// Run all cases. Returns what failed.
async fn run(client: &Client, namespace: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance/kube.yaml");
    let cases: Vec<Case> = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(cases.len() >= 75, "{} cases", cases.len());
    let mut saved = BTreeMap::from([("ns".to_owned(), namespace.to_owned())]);
    let mut failed = Vec::new();
    for case in &cases {
        let known = saved.clone();
        let fill = |text: &str| {
            known.iter().fold(text.to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
        };
        let mut answer = send(client, case, &fill).await;
        if let Some(until) = &case.until {
            let until: Value = serde_json::from_str(&fill(&until.to_string())).unwrap();
            for _ in 0..600 {
                let value: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
                if differs(&value, &until, "").is_none() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                answer = send(client, case, &fill).await;
            }
        }
        if let Some(why) = judge(case, &answer, &fill) {
            let text: String = answer.text.chars().take(700).collect();
            failed.push(format!("{}: {why}\n    {}", case.name, text.trim()));
        }
        let value: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
        for (key, pointer) in &case.save {
            let text = value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            saved.insert(key.clone(), text.to_owned());
        }
    }
    println!("{} cases, {} failed", cases.len(), failed.len());
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_answers_as_an_api_server() {
    let simulated = simulated("conformance").await;
    let client = client(&simulated.cluster.admin_kubeconfig(&simulated.server)).await;
    let failed = run(&client, "conformance").await;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(simulated.world.recorder.all(), [] as [&str; 0]);
}

/// In the lab on a cluster of its own, else on the one that MESHRUN_CONFORMANCE_KUBECONFIG leads to.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_api_server_answers_so_too() {
    let namespace = format!("conformance-{}", std::process::id());
    let kubeconfig = std::env::var_os("MESHRUN_CONFORMANCE_KUBECONFIG").map(std::path::PathBuf::from);
    let (_lab, cluster) = match kubeconfig {
        Some(_) => (None, None),
        None => {
            let Some(lab) = meshrun_tests::lab("a_real_api_server_answers_so_too") else { return };
            (Some(lab), Some(meshrun_tests::KindCluster::create("mrconf", &["--wait", "180s"])))
        }
    };
    let path = cluster.as_ref().map(meshrun_tests::KindCluster::kubeconfig).or(kubeconfig).unwrap();
    let client = client(&std::fs::read_to_string(path).unwrap()).await;
    let failed = run(&client, &namespace).await;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_said_and_recorded() {
    let simulated = simulated("unknown").await;
    let client = client(&simulated.cluster.admin_kubeconfig(&simulated.server)).await;
    for (request, recorded) in
        [("/api/v1/namespaces?odd=1", "GET /api/v1/namespaces: query odd"), ("/metrics", "GET /metrics")]
    {
        let answer = client.send(http::Request::get(request).body(Vec::new().into()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 501, "{request}");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let status: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status["message"], format!("the simulator does not know {recorded}"));
        assert!(simulated.world.recorder.all().contains(&recorded.to_owned()));
    }
}

/// A client with the token of a service account and nothing else.
async fn client_with_token(simulated: &Simulated, token: &str) -> Client {
    let mut kubeconfig: Value = serde_yaml::from_str(&simulated.cluster.admin_kubeconfig(&simulated.server)).unwrap();
    kubeconfig["users"][0]["user"] = json!({ "token": token });
    client(&kubeconfig.to_string()).await
}

async fn code(client: &Client, path: &str) -> u16 {
    client.send(http::Request::get(path).body(Vec::new().into()).unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_authorizes_what_its_roles_allow() {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let simulated = simulated("tokens").await;
    let (version, metadata) = (format!("{GROUP}/v1"), json!({ "name": "reader" }));
    for object in [
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "reader", "namespace": "default" } }),
        json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": metadata,
            "rules": [{ "apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"] }] }),
        json!({ "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": "reader" },
            "subjects": [{ "kind": "ServiceAccount", "name": "reader", "namespace": "default" }] }),
    ] {
        simulated.cluster.apply(object).unwrap();
    }
    let token = simulated.cluster.issue_token("default", "reader", &TokenRequest::default()).unwrap();
    let reader = client_with_token(&simulated, &token).await;
    assert_eq!(code(&reader, "/api/v1/services").await, 200);
    assert_eq!(code(&reader, "/api/v1/secrets").await, 403);
    assert_eq!(code(&reader, "/version").await, 200);
    let stranger = client_with_token(&simulated, "a.b.c").await;
    assert_eq!(code(&stranger, "/version").await, 401);
}

/// What a test of the project's client needs: a cluster with a network, and a client of it.
async fn used() -> (Simulated, meshrun_kube::Client, tempfile::TempDir) {
    let simulated = simulated("used").await;
    let network = json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": "kindnet", "namespace": "kube-system" },
        "spec": {
            "selector": { "matchLabels": { "app": "kindnet" } },
            "template": {
                "metadata": { "labels": { "app": "kindnet" } },
                "spec": { "hostNetwork": true, "tolerations": [{ "operator": "Exists" }],
                    "containers": [{ "name": "kindnet-cni", "image": "docker.io/kindest/kindnetd:v20230511-dc714da8" }] },
            },
        },
    });
    simulated.cluster.apply(network).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, simulated.cluster.admin_kubeconfig(&simulated.server)).unwrap();
    let client = meshrun_kube::connect(&meshrun_kube::kubeconfig::Source::of_file(&path), None).await.unwrap();
    (simulated, client, folder)
}

const HELLO: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: hello}
---
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: hello}
spec: {selector: {app: hello}, ports: [{name: http, port: 80, targetPort: 5000}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, namespace: hello}
spec:
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: hello, image: 'istio/examples-helloworld-v1', ports: [{containerPort: 5000}]}]
";

#[tokio::test(flavor = "multi_thread")]
async fn the_projects_client_finds_what_it_needs() {
    use meshrun_kube::{
        Action, ApplyOptions, Condition, Reference, Subject, WaitOptions, apply, create_namespace, delete, find, parse,
        resource, rollout_status, wait,
    };
    use meshrun_terms::{Steps, Timeout};
    let (simulated, client, _folder) = used().await;
    let (silent, long) = (Steps::silent(), Timeout::minutes(5));
    let options = ApplyOptions { timeout: long, ..ApplyOptions::default() };
    let run = || async { apply(&client, parse(HELLO, "hello.yaml").unwrap(), &options, &silent).await.unwrap() };
    assert!(run().await.iter().all(|one| one.action == Action::Created));
    let deployment = Reference::new("deploy", "hello").in_namespace("hello");
    let subject = Subject::Object(deployment.clone());
    wait(&client, &subject, &Condition::RolledOut, &WaitOptions::within(long), &silent).await.unwrap();
    assert!(rollout_status(&client, &deployment).await.unwrap().is_complete());
    assert!(run().await.iter().all(|one| one.action == Action::Unchanged));
    let service = Subject::Object(Reference::new("svc", "hello").in_namespace("hello"));
    wait(&client, &service, &Condition::EndpointsReady, &WaitOptions::within(long), &silent).await.unwrap();
    assert_eq!(resource(&client, "hpa").await.unwrap().api_version(), "autoscaling/v2");
    let wrong = HELLO.replace("targetPort", "tragetPort");
    let error = apply(&client, parse(&wrong, "hello.yaml").unwrap(), &options, &silent).await.unwrap_err().to_string();
    assert!(error.contains("spec.ports") && error.contains("tragetPort"), "{error}");
    let space = Reference::new("ns", "hello");
    delete(&client, std::slice::from_ref(&space), &Default::default(), &silent).await.unwrap();
    assert!(create_namespace(&client, "hello", &BTreeMap::new(), long, &silent).await.unwrap());
    assert_eq!(find(&client, &deployment).await.unwrap(), None);
    assert_eq!(simulated.world.recorder.all(), [] as [&str; 0]);
}

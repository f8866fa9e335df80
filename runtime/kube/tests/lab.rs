//! The crate against a real API server, with kubectl as a peer: set MESHRUN_LAB=1 where `kind`, `kubectl` and a node image
//! are (KIND_IMAGE). The cluster is made and deleted here.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use meshrun_kube::{
    Act, Action, ApplyOptions, Client, Condition, DeleteOptions, Details, Error, ExecOptions, LogOptions, Manifest,
    Object, Origin, Patch, PatchOptions, Query, Reference, Subject, Validation, WaitOptions, annotate, apply, can_i,
    connect, create_config_map, create_namespace, create_secret, delete, delete_objects, delete_selected, events_in,
    evidence, exec, find, follow_logs, get, kubeconfig, label, list, load, logs, name_of, parse, patch, port_forward,
    raw, resource, resources, rollout_restart, rollout_status, secret, version, wait,
};
use meshrun_terms::{Progress, Secret, Steps, Timeout};
use meshrun_tests::KindCluster;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CLUSTER: &str = "kubetest";
const CONTEXT: &str = "kind-kubetest";
const LONG: Timeout = Timeout::minutes(5);
/// The lab's base system, pushed under a name of this test's own: the registry may have nothing else.
const IMAGE: &str = "mrkube/base:v1";

/// The cluster, with what the cases need of it.
#[derive(Clone)]
struct Lab {
    client: Client,
    kubeconfig: PathBuf,
}

impl Lab {
    fn kubectl(&self, arguments: &[&str]) -> String {
        let output =
            Command::new("kubectl").arg("--kubeconfig").arg(&self.kubeconfig).args(arguments).output().unwrap();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn kubectl_json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.kubectl(&[arguments, &["-o", "json"]].concat())).unwrap()
    }

    /// A namespace of the case's own.
    async fn namespace(&self, name: &str) -> String {
        create_namespace(&self.client, name, &BTreeMap::new(), LONG, &Steps::silent()).await.unwrap();
        name.to_owned()
    }
}

/// What an act has told, for a look at it.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Progress>>>);

impl Told {
    fn steps(&self) -> Steps {
        let told = self.0.clone();
        Steps::new(move |progress| told.lock().unwrap().push(progress))
    }

    /// What has changed since the last call.
    fn changes(&self) -> Vec<String> {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        told.into_iter()
            .filter_map(|progress| if let Progress::Changed(what) = progress { Some(what) } else { None })
            .collect()
    }
}

#[test]
fn against_a_real_cluster() {
    let Some(_lab) = meshrun_tests::lab("against_a_real_cluster") else { return };
    meshrun_tests::push("lab/base:latest", IMAGE);
    let cluster = KindCluster::create(CLUSTER, &[]);
    tokio::runtime::Runtime::new().unwrap().block_on(all(&cluster));
}

/// Run every case side by side, and tell of all that fail.
async fn all(cluster: &KindCluster) {
    let (folder, kubeconfig) = (tempfile::tempdir().unwrap(), cluster.kubeconfig());
    let source = kubeconfig::Source::of_file(&kubeconfig);
    let client = connect(&source, Some(CONTEXT)).await.unwrap();
    let lab = Lab { client, kubeconfig: kubeconfig.clone() };
    let node = Subject::Objects(Query::of("nodes"));
    wait(&lab.client, &node, &Condition::Ready, &WaitOptions::within(LONG), &Steps::silent()).await.unwrap();
    let mut running = Vec::new();
    macro_rules! case {
        ($($case:ident),*) => { $( running.push((stringify!($case), tokio::spawn(timed(stringify!($case), $case(lab.clone()))))); )* };
    }
    case!(
        kinds_are_found_as_by_kubectl,
        objects_read_as_by_kubectl,
        applying_twice_changes_nothing,
        another_managers_fields_are_named,
        unknown_fields_are_told_with_their_line,
        a_kind_and_its_objects_come_in_one_manifest,
        a_dry_run_changes_nothing,
        selected_objects_alone_are_applied,
        a_workload_is_used_while_it_runs,
        a_bad_image_ends_a_hasty_wait_with_evidence,
        a_crash_shows_its_last_words,
        labels_and_annotations,
        patches,
        a_namespace_being_deleted_is_made_anew,
        secrets_and_config_maps,
        finalizers_are_named_when_a_deletion_takes_long,
        questions_to_the_server,
        many_requests_in_flight
    );
    let mut failed = Vec::new();
    for (name, case) in running {
        match case.await {
            Ok(()) => println!("case {name} ... ok"),
            Err(error) => {
                println!("case {name} ... FAILED: {}", error.to_string().chars().take(1000).collect::<String>());
                failed.push(name);
            }
        }
    }
    kubeconfig_files_are_shared_with_kubectl(folder.path(), &kubeconfig).await;
    the_wrong_address_and_the_wrong_user(&source, folder.path()).await;
    assert!(failed.is_empty(), "failed: {failed:?}");
}

async fn timed(name: &str, case: impl Future<Output = ()>) {
    let start = Instant::now();
    case.await;
    println!("case {name} took {:?}", start.elapsed());
}

fn objects(text: &str) -> Vec<Object> {
    parse(text, "test.yaml").unwrap()
}

fn actions(applied: &[meshrun_kube::Applied]) -> Vec<(String, Action)> {
    applied.iter().map(|object| (format!("{}/{}", object.kind, object.name), object.action)).collect()
}

fn options(namespace: &str) -> ApplyOptions {
    ApplyOptions { namespace: Some(namespace.to_owned()), timeout: LONG, ..ApplyOptions::default() }
}

async fn kinds_are_found_as_by_kubectl(lab: Lab) {
    for (word, api_version, plural) in [
        ("po", "v1", "pods"),
        ("deploy", "apps/v1", "deployments"),
        ("Deployment", "apps/v1", "deployments"),
        ("deployments.apps", "apps/v1", "deployments"),
        ("events", "v1", "events"),
        ("events.events.k8s.io", "events.k8s.io/v1", "events"),
        ("ns", "v1", "namespaces"),
        ("crd", "apiextensions.k8s.io/v1", "customresourcedefinitions"),
        ("hpa", "autoscaling/v2", "horizontalpodautoscalers"),
        ("netpol", "networking.k8s.io/v1", "networkpolicies"),
    ] {
        let found = resource(&lab.client, word).await.unwrap();
        assert_eq!((found.api_version().as_str(), found.plural.as_str()), (api_version, plural), "{word}");
    }
    let error = resource(&lab.client, "deploymnet").await.unwrap_err();
    assert_eq!(error.to_string(), "`kind-kubetest` knows no kind `deploymnet`, did you mean `deployment`?");
    let known = resources(&lab.client).await.unwrap();
    let told = lab.kubectl(&["api-resources", "--no-headers", "-o", "name"]);
    for name in told.lines() {
        let (plural, group) = name.split_once('.').unwrap_or((name, ""));
        // Another case makes and removes a kind of its own meanwhile.
        let found = known.iter().any(|kind| kind.plural == plural && kind.group == group);
        assert!(found || group.ends_with("example.com"), "{name}");
    }
}

async fn objects_read_as_by_kubectl(lab: Lab) {
    let reference = Reference::new("deploy", "coredns").in_namespace("kube-system");
    wait(
        &lab.client,
        &Subject::Object(reference.clone()),
        &Condition::RolledOut,
        &WaitOptions::within(LONG),
        &Steps::silent(),
    )
    .await
    .unwrap();
    assert_eq!(
        get(&lab.client, &reference).await.unwrap(),
        lab.kubectl_json(&["get", "deploy", "coredns", "-n", "kube-system", "--show-managed-fields"])
    );
    let names = |objects: &[Value]| objects.iter().map(|object| name_of(object).to_owned()).collect::<Vec<_>>();
    let query = Query::of("pods").everywhere().with_labels("k8s-app in (kube-dns, kube-proxy)");
    let listed = list(&lab.client, &query).await.unwrap();
    let told = lab.kubectl_json(&["get", "pods", "-A", "-l", "k8s-app in (kube-dns, kube-proxy)"]);
    assert_eq!(names(&listed), names(told["items"].as_array().unwrap()));
    assert!(listed.iter().all(|pod| pod["kind"] == "Pod" && pod["apiVersion"] == "v1"));
    let missing = Reference::new("cm", "missing").in_namespace("default");
    let error = get(&lab.client, &missing).await.unwrap_err();
    assert_eq!(error.to_string(), "no configmap default/missing in `kind-kubetest`");
    assert_eq!(find(&lab.client, &missing).await.unwrap(), None);
}

async fn applying_twice_changes_nothing(lab: Lab) {
    let told = Told::default();
    let text = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: web, image: mrkube/base:v1, imagePullPolicy: IfNotPresent, command: [sleep, infinity], resources: {requests: {cpu: 10m}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: twice}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 5000}]}
";
    let silent = Steps::silent();
    let twice = options("twice");
    let run = || apply(&lab.client, objects(text), &twice, &silent);
    let first = run().await.unwrap();
    let names = ["Namespace/twice", "Deployment/web", "Service/web"];
    let all = |action: Action| names.iter().map(|name| ((*name).to_owned(), action)).collect::<Vec<_>>();
    assert_eq!(actions(&first), all(Action::Created));
    // The controller writes statuses meanwhile; that is no change of ours.
    for _ in 0..5 {
        assert_eq!(actions(&run().await.unwrap()), all(Action::Unchanged));
    }
    let applied =
        apply(&lab.client, objects(&text.replace("replicas: 1", "replicas: 2")), &options("twice"), &told.steps())
            .await
            .unwrap();
    assert_eq!(applied.iter().filter(|object| object.action == Action::Configured).count(), 1);
    assert_eq!(told.changes(), ["configured deployment twice/web in kind-kubetest"]);
    assert_eq!(lab.kubectl(&["get", "deploy", "web", "-n", "twice", "-o", "jsonpath={.spec.replicas}"]), "2");
    let deleted = delete_objects(
        &lab.client,
        objects(text),
        &DeleteOptions { namespace: Some("twice".into()), ..DeleteOptions::default() },
        &told.steps(),
    )
    .await
    .unwrap();
    assert_eq!((deleted.len(), told.changes().len()), (3, 3));
    let again = delete_objects(
        &lab.client,
        objects(text),
        &DeleteOptions { namespace: Some("twice".into()), ..DeleteOptions::default() },
        &told.steps(),
    )
    .await
    .unwrap();
    assert_eq!((again.len(), told.changes().len()), (0, 0));
}

async fn another_managers_fields_are_named(lab: Lab) {
    let namespace = lab.namespace("conflict").await;
    lab.kubectl(&["create", "configmap", "shared", "--from-literal=a=1", "-n", &namespace]);
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: '2'}\n";
    let error = apply(&lab.client, objects(text), &options(&namespace), &Steps::silent()).await.unwrap_err();
    assert_eq!(error.to_string(), "configmap shared (test.yaml:1) in `kind-kubetest`: `kubectl-create` owns .data.a");
    let forced = ApplyOptions { force: true, ..options(&namespace) };
    assert_eq!(
        apply(&lab.client, objects(text), &forced, &Steps::silent()).await.unwrap()[0].action,
        Action::Configured
    );
    assert_eq!(
        apply(&lab.client, objects(text), &options(&namespace), &Steps::silent()).await.unwrap()[0].action,
        Action::Unchanged
    );
}

async fn unknown_fields_are_told_with_their_line(lab: Lab) {
    let namespace = lab.namespace("unknown").await;
    let text = "\n\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: [], ports: [{port: 1}]}\n";
    let error = apply(&lab.client, objects(text), &options(&namespace), &Steps::silent()).await.unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("service a (test.yaml:3) is refused by `kind-kubetest`: ") && error.contains("spec.prots"),
        "{error}"
    );
    let told = Told::default();
    let warned = ApplyOptions { validation: Validation::Warn, ..options(&namespace) };
    apply(&lab.client, objects(text), &warned, &told.steps()).await.unwrap();
    let warnings: Vec<Progress> =
        told.0.lock().unwrap().iter().filter(|progress| matches!(progress, Progress::Warning(_))).cloned().collect();
    assert_eq!(warnings.len(), 1);
    assert!(
        matches!(&warnings[0], Progress::Warning(text) if text == "service a (test.yaml:3): unknown field \"spec.prots\""),
        "{warnings:?}"
    );
    let two = "apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {ports: [{port: 0}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: {ports: [{port: 0}]}\n";
    let error = apply(&lab.client, objects(two), &options(&namespace), &Steps::silent()).await.unwrap_err().to_string();
    assert!(error.starts_with("2 of 2 objects could not be applied\n  service b (test.yaml:1) is refused"), "{error}");
}

const DEFINITION: &str = "
apiVersion: example.com/v1
kind: Pool
metadata: {name: first, namespace: pools}
spec: {size: 3}
---
apiVersion: v1
kind: Namespace
metadata: {name: pools}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Pool, plural: pools, singular: pool, shortNames: [pl]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";

async fn a_kind_and_its_objects_come_in_one_manifest(lab: Lab) {
    let dry = ApplyOptions { dry_run: true, ..options("default") };
    let told = Told::default();
    let planned = apply(&lab.client, objects(DEFINITION), &dry, &told.steps()).await.unwrap();
    assert!(planned.iter().all(|object| object.action == Action::Created), "{planned:?}");
    assert_eq!(told.changes(), [] as [&str; 0]);
    let applied = apply(&lab.client, objects(DEFINITION), &options("default"), &Steps::silent()).await.unwrap();
    assert_eq!(actions(&applied)[2], ("Pool/first".to_owned(), Action::Created));
    let pool = get(&lab.client, &Reference::new("pl", "first").in_namespace("pools")).await.unwrap();
    assert_eq!(pool["spec"]["size"], 3);
    let wrong = "apiVersion: example.com/v1\nkind: Pool\nmetadata: {name: wrong}\nspec: {size: big}\n";
    let error = apply(&lab.client, objects(wrong), &options("pools"), &Steps::silent()).await.unwrap_err();
    assert!(error.to_string().contains("spec.size"), "{error}");
    delete_objects(&lab.client, objects(DEFINITION), &DeleteOptions::default(), &Steps::silent()).await.unwrap();
    assert_eq!(find(&lab.client, &Reference::new("crd", "pools.example.com")).await.unwrap(), None);
    // A kind that comes later is waited for.
    let waiting = tokio::spawn({
        let client = lab.client.clone();
        async move {
            let subject = Subject::Object(Reference::new("later.example.com", "x").in_namespace("default"));
            let options = WaitOptions::within(Timeout::seconds(1));
            wait(&client, &subject, &Condition::Exists, &options, &Steps::silent()).await.unwrap_err()
        }
    });
    let error = waiting.await.unwrap().to_string();
    assert!(error.contains("knows no kind `later.example.com`"), "{error}");
}

async fn a_dry_run_changes_nothing(lab: Lab) {
    let namespace = lab.namespace("dry").await;
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n";
    let dry = ApplyOptions { dry_run: true, ..options(&namespace) };
    assert_eq!(apply(&lab.client, objects(text), &dry, &Steps::silent()).await.unwrap()[0].action, Action::Created);
    assert_eq!(find(&lab.client, &Reference::new("cm", "a").in_namespace(&namespace)).await.unwrap(), None);
}

async fn selected_objects_alone_are_applied(lab: Lab) {
    let namespace = lab.namespace("selected").await;
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "labels": { "service": "hello" } } },
        { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "b", "labels": { "version": "v1" } } },
    ] });
    let loaded = load(&Manifest::Value(list), LONG).await.unwrap();
    let only = ApplyOptions { selector: Some("service=hello".into()), ..options(&namespace) };
    assert_eq!(
        actions(&apply(&lab.client, loaded, &only, &Steps::silent()).await.unwrap()),
        [("ConfigMap/a".to_owned(), Action::Created)]
    );
    let query = Query::of("cm").in_namespace(&namespace).with_labels("service");
    let deleted = delete_selected(&lab.client, &query, &DeleteOptions::default(), &Steps::silent()).await.unwrap();
    assert_eq!(deleted.len(), 1);
}

const HELLO: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: hello}
spec: {selector: {app: hello}, ports: [{name: http, port: 80, targetPort: web}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello}
spec:
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: hello
        image: mrkube/base:v1
        imagePullPolicy: IfNotPresent
        ports: [{name: web, containerPort: 5000}]
        readinessProbe: {httpGet: {path: /hello, port: web}, periodSeconds: 1}
        command:
        - sh
        - -c
        - |
          cat > /tmp/hello.cfg <<end
          global
            maxconn 100
          defaults
            mode http
            timeout client 1m
            timeout connect 1m
            timeout server 1m
          frontend hello
            bind :5000
            http-request return status 200 content-type text/plain string "Hello version: v1"
          end
          exec haproxy -db -f /tmp/hello.cfg
      - {name: tools, image: mrkube/base:v1, imagePullPolicy: IfNotPresent, command: [sh, -c, 'echo started; exec sleep infinity']}
"#;

async fn a_workload_is_used_while_it_runs(lab: Lab) {
    let namespace = lab.namespace("workload").await;
    let (client, silent) = (&lab.client, Steps::silent());
    apply(client, objects(HELLO), &options(&namespace), &silent).await.unwrap();
    let deployment = Reference::new("deploy", "hello").in_namespace(&namespace);
    let subject = Subject::Object(deployment.clone());
    let told = Told::default();
    let ready = wait(client, &subject, &Condition::RolledOut, &WaitOptions::within(LONG), &told.steps()).await.unwrap();
    assert_eq!(ready[0]["status"]["availableReplicas"], 1);
    assert!(told.0.lock().unwrap().iter().any(|progress| matches!(progress, Progress::Waiting { .. })));
    assert!(rollout_status(client, &deployment).await.unwrap().is_complete());
    let service = Subject::Object(Reference::new("svc", "hello").in_namespace(&namespace));
    wait(client, &service, &Condition::EndpointsReady, &WaitOptions::within(LONG), &silent).await.unwrap();
    let pods = Subject::Objects(Query::of("pods").in_namespace(&namespace).with_labels("app=hello"));
    wait(client, &pods, &Condition::Ready, &WaitOptions::within(LONG), &silent).await.unwrap();

    let tools = ExecOptions { container: Some("tools".into()), ..ExecOptions::default() };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let output =
        exec(client, &subject, &words(&["sh", "-c", "echo out; echo err >&2; exit 3"]), &tools, LONG).await.unwrap();
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (3, "out\n", "err\n"));
    let output = exec(client, &service, &words(&["echo", "a  b", "$HOME;'"]), &tools, LONG).await.unwrap();
    assert_eq!((output.code, output.stdout.as_str()), (0, "a  b $HOME;'\n"));
    let fed = ExecOptions { stdin: Some(b"12345678".to_vec()), ..tools.clone() };
    let output = exec(client, &subject, &words(&["head", "-c", "5"]), &fed, LONG).await.unwrap();
    assert_eq!(output.stdout, "12345");
    let error = exec(client, &subject, &words(&["no-such-program"]), &tools, LONG).await.unwrap_err();
    assert!(matches!(error, Error::Exec { .. }) && error.to_string().contains("no-such-program"), "{error}");
    let big = exec(client, &subject, &words(&["head", "-c", "3000000", "/dev/zero"]), &tools, LONG).await.unwrap();
    assert_eq!(big.stdout.len(), 3_000_000);

    let options = LogOptions { container: Some("tools".into()), tail: Some(5), ..LogOptions::default() };
    let read = logs(client, &subject, &options).await.unwrap();
    assert_eq!((read.len(), read[0].text.as_str(), read[0].container.as_str()), (1, "started\n", "tools"));
    let seen = Mutex::new(Vec::new());
    let following = follow_logs(client, &pods, &options, |_, line| seen.lock().unwrap().push(line.to_owned()));
    tokio::select! {
        ended = following => panic!("it goes on as long as the pod runs: {ended:?}"),
        () = until(|| async { !seen.lock().unwrap().is_empty() }) => {}
    }
    assert_eq!(*seen.lock().unwrap(), ["started"]);

    let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let forward = port_forward(client, &service, "http", local, &silent).await.unwrap();
    assert!(ask(forward.address()).await.contains("Hello version: v1"));
    rollout_restart(client, &deployment, &silent).await.unwrap();
    wait(client, &subject, &Condition::RolledOut, &WaitOptions::within(LONG), &silent).await.unwrap();
    wait(client, &pods, &Condition::Ready, &WaitOptions::within(LONG), &silent).await.unwrap();
    assert!(ask(forward.address()).await.contains("Hello version: v1"), "it leads to the new pod");
    let address = forward.address();
    forward.close().await;
    assert!(TcpStream::connect(address).await.is_err());
    let error = port_forward(client, &service, "https", local, &silent).await.unwrap_err();
    assert_eq!(error.to_string(), format!("svc {namespace}/hello in `kind-kubetest` has no port https"));

    let query = Query::of("pod").in_namespace(&namespace);
    until(|| async { list(client, &query).await.unwrap().len() == 1 }).await;
    let pod = list(client, &query).await.unwrap();
    let path = format!("/api/v1/namespaces/{namespace}/pods/{}:5000/proxy/hello", name_of(&pod[0]));
    assert!(raw(client, &path, LONG).await.unwrap().contains("Hello version: v1"));
}

/// Look again and again until something is so, for some minutes.
async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let end = Instant::now() + LONG.duration();
    while !is_so().await {
        assert!(Instant::now() < end, "it does not become so");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Ask a server at an address for `/hello`.
async fn ask(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /hello HTTP/1.0\r\nhost: hello\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn pod(name: &str, image: &str, command: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{{name: main, image: '{image}', imagePullPolicy: IfNotPresent, command: [sh, -c, '{command}']}}]
"
    )
}

async fn a_bad_image_ends_a_hasty_wait_with_evidence(lab: Lab) {
    let namespace = lab.namespace("image").await;
    apply(&lab.client, objects(&pod("lost", "example/no-such-image:1", "")), &options(&namespace), &Steps::silent())
        .await
        .unwrap();
    let subject = Subject::Object(Reference::new("deploy", "lost").in_namespace(&namespace));
    let hasty = WaitOptions { timeout: Timeout::minutes(5), fail_fast: Some(Timeout::seconds(3)) };
    let error = wait(&lab.client, &subject, &Condition::RolledOut, &hasty, &Steps::silent()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("deploy image/lost to be rolled out in `kind-kubetest`: pod lost-"), "{text}");
    assert!(
        text.contains("last seen: 0 of 1 replicas available") && text.contains("example/no-such-image:1"),
        "{text}"
    );
    assert!(text.contains("ErrImagePull") || text.contains("ImagePullBackOff"), "{text}");
    println!("--- evidence of a bad image\n{text}\n---");
}

async fn a_crash_shows_its_last_words(lab: Lab) {
    let namespace = lab.namespace("crash").await;
    let manifest = pod("crash", IMAGE, "echo the last words; exit 7");
    apply(&lab.client, objects(&manifest), &options(&namespace), &Steps::silent()).await.unwrap();
    let deployment = Reference::new("deploy", "crash").in_namespace(&namespace);
    let pods = Subject::Objects(Query::of("po").in_namespace(&namespace));
    let crashed =
        Condition::Matches { path: "status.containerStatuses[0].restartCount".into(), pattern: "[1-9]".into() };
    wait(&lab.client, &pods, &crashed, &WaitOptions::within(LONG), &Steps::silent()).await.unwrap();
    let error = wait(
        &lab.client,
        &Subject::Object(deployment.clone()),
        &Condition::Ready,
        &WaitOptions::within(Timeout::seconds(10)),
        &Steps::silent(),
    )
    .await
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(
            "deploy crash/crash to be ready in `kind-kubetest`: not so after 10s; last seen: 0 of 1 replicas available"
        ),
        "{text}"
    );
    assert!(
        text.contains("\n    | the last words") && text.contains("exit code 7") || text.contains("CrashLoopBackOff"),
        "{text}"
    );
    let evidence = evidence(&lab.client, &deployment).await;
    assert_eq!(evidence.pods[0].log, ["the last words"]);
    println!("--- evidence of a crash\n{text}\n---");
}

async fn labels_and_annotations(lab: Lab) {
    let namespace = lab.namespace("labels").await;
    let told = Told::default();
    let set = |value: Option<&str>| BTreeMap::from([("example.com/zone".to_owned(), value.map(str::to_owned))]);
    let nodes = Subject::Objects(Query::of("nodes"));
    assert_eq!(label(&lab.client, &nodes, &set(Some("a")), false, &told.steps()).await.unwrap(), 1);
    assert_eq!(label(&lab.client, &nodes, &set(Some("a")), false, &told.steps()).await.unwrap(), 0);
    let error = label(&lab.client, &nodes, &set(Some("b")), false, &told.steps()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "node kubetest-control-plane in `kind-kubetest` has `example.com/zone` among its labels already, as `a`"
    );
    assert_eq!(label(&lab.client, &nodes, &set(None), false, &told.steps()).await.unwrap(), 1);
    assert_eq!(told.changes().len(), 2);
    let subject = Subject::Object(Reference::new("ns", &namespace));
    assert_eq!(annotate(&lab.client, &subject, &set(Some("x y")), false, &told.steps()).await.unwrap(), 1);
    let read = lab.kubectl(&["get", "ns", &namespace, "-o", "jsonpath={.metadata.annotations.example\\.com/zone}"]);
    assert_eq!(read, "x y");
}

async fn patches(lab: Lab) {
    let namespace = lab.namespace("patches").await;
    let (client, silent, none) = (&lab.client, Steps::silent(), PatchOptions::default());
    apply(client, objects(&pod("p", IMAGE, "sleep infinity")), &options(&namespace), &silent).await.unwrap();
    let reference = Reference::new("deploy", "p").in_namespace(&namespace);
    let merged =
        patch(client, &reference, &Patch::Merge(json!({ "spec": { "replicas": 0 } })), &none, &silent).await.unwrap();
    assert_eq!(merged["spec"]["replicas"], 0);
    let strategic = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "main", "env": [{ "name": "A", "value": "1" }] }] } } } });
    let patched = patch(client, &reference, &Patch::Strategic(strategic), &none, &silent).await.unwrap();
    assert_eq!(patched["spec"]["template"]["spec"]["containers"][0]["image"], IMAGE);
    let replace = json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/env/0/value", "value": "2" }]);
    let patched = patch(client, &reference, &Patch::Json(replace), &none, &silent).await.unwrap();
    assert_eq!(patched["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], "2");
    let scale = PatchOptions { subresource: Some("scale".into()), ..PatchOptions::default() };
    patch(client, &reference, &Patch::Merge(json!({ "spec": { "replicas": 1 } })), &scale, &silent).await.unwrap();
    assert_eq!(get(client, &reference).await.unwrap()["spec"]["replicas"], 1);
}

async fn a_namespace_being_deleted_is_made_anew(lab: Lab) {
    let told = Told::default();
    let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    assert!(create_namespace(&lab.client, "anew", &BTreeMap::new(), LONG, &told.steps()).await.unwrap());
    let reference = Reference::new("ns", "anew");
    let uid = get(&lab.client, &reference).await.unwrap()["metadata"]["uid"].clone();
    let at_once = DeleteOptions { wait: None, ..DeleteOptions::default() };
    delete(&lab.client, std::slice::from_ref(&reference), &at_once, &told.steps()).await.unwrap();
    assert!(create_namespace(&lab.client, "anew", &labels, LONG, &told.steps()).await.unwrap());
    let made = get(&lab.client, &reference).await.unwrap();
    assert!(made["metadata"]["uid"] != uid && made["metadata"]["labels"]["a"] == "b");
    assert!(!create_namespace(&lab.client, "anew", &labels, LONG, &told.steps()).await.unwrap());
    assert_eq!(told.changes().len(), 3);
    // The same through an apply.
    delete(&lab.client, std::slice::from_ref(&reference), &at_once, &told.steps()).await.unwrap();
    let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: anew}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: anew}\n";
    let applied = apply(&lab.client, objects(text), &options("default"), &told.steps()).await.unwrap();
    assert!(applied.iter().all(|object| object.action == Action::Created), "{applied:?}");
}

async fn secrets_and_config_maps(lab: Lab) {
    let namespace = lab.namespace("secrets").await;
    let data = BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t-value"))]);
    let details = Details { labels: BTreeMap::from([("a".into(), "b".into())]), ..Details::default() };
    let told = Told::default();
    let made = create_secret(&lab.client, &namespace, "s", &data, &details, &told.steps()).await.unwrap();
    assert_eq!(made.action, Action::Created);
    assert_eq!(
        create_secret(&lab.client, &namespace, "s", &data, &details, &told.steps()).await.unwrap().action,
        Action::Unchanged
    );
    assert!(!format!("{:?}", told.0.lock().unwrap()).contains("s3cr3t"));
    assert_eq!(secret(&lab.client, &namespace, "s").await.unwrap().data["token"].expose(), "s3cr3t-value");
    assert_eq!(
        lab.kubectl(&["get", "secret", "s", "-n", &namespace, "-o", "jsonpath={.data.token}"]),
        "czNjcjN0LXZhbHVl"
    );
    let data = BTreeMap::from([("a".to_owned(), "yes".to_owned())]);
    create_config_map(&lab.client, &namespace, "c", &data, &details, &told.steps()).await.unwrap();
    assert_eq!(lab.kubectl(&["get", "cm", "c", "-n", &namespace, "-o", "jsonpath={.data.a}"]), "yes");
}

async fn finalizers_are_named_when_a_deletion_takes_long(lab: Lab) {
    let namespace = lab.namespace("finalizers").await;
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [example.com/hold]}\n";
    apply(&lab.client, objects(text), &options(&namespace), &Steps::silent()).await.unwrap();
    let reference = Reference::new("cm", "held").in_namespace(&namespace);
    let options = DeleteOptions { wait: Some(Timeout::seconds(10)), ..DeleteOptions::default() };
    let error = delete(&lab.client, std::slice::from_ref(&reference), &options, &Steps::silent()).await.unwrap_err();
    assert!(error.to_string().starts_with("configmap finalizers/held to be gone in `kind-kubetest`: not so after 10s; last seen: its deletion waits for example.com/hold"), "{error}");
    let free = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    patch(&lab.client, &reference, &free, &PatchOptions::default(), &Steps::silent()).await.unwrap();
    wait(&lab.client, &Subject::Object(reference), &Condition::Deleted, &WaitOptions::within(LONG), &Steps::silent())
        .await
        .unwrap();
}

async fn questions_to_the_server(lab: Lab) {
    let told = lab.kubectl_json(&["version"]);
    assert_eq!(version(&lab.client).await.unwrap().version, told["serverVersion"]["gitVersion"].as_str().unwrap());
    let act = Act { verb: "delete".into(), kind: "nodes".into(), ..Act::default() };
    assert!(can_i(&lab.client, &act).await.unwrap());
    assert_eq!(raw(&lab.client, "/healthz", LONG).await.unwrap(), "ok");
    assert!(!events_in(&lab.client, "kube-system").await.unwrap().is_empty());
}

async fn many_requests_in_flight(lab: Lab) {
    let namespace = lab.namespace("many").await;
    let object = |number: usize| Object {
        value: json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("c{number}") }, "data": { "a": "b" } }),
        origin: Origin::default(),
    };
    let start = Instant::now();
    let applied =
        apply(&lab.client, (0..200).map(object).collect(), &options(&namespace), &Steps::silent()).await.unwrap();
    println!("--- 200 config maps applied in {:?}", start.elapsed());
    assert_eq!(applied.len(), 200);
    assert_eq!(list(&lab.client, &Query::of("cm").in_namespace(&namespace)).await.unwrap().len(), 201);
}

/// Both write the same file under the same lock.
async fn kubeconfig_files_are_shared_with_kubectl(folder: &Path, original: &Path) {
    let path = folder.join("shared");
    std::fs::copy(original, &path).unwrap();
    let source = kubeconfig::Source::of_file(&path);
    let kubectl = |arguments: Vec<String>| {
        let path = path.clone();
        move || Command::new("kubectl").arg("--kubeconfig").arg(path).args(arguments).output().unwrap()
    };
    // What holds kubectl up holds us up, and the other way round.
    let held = path.with_extension("lock");
    std::fs::write(&held, "").unwrap();
    let ours = tokio::spawn({
        let source = source.clone();
        async move { kubeconfig::alias_context(&source, CONTEXT, "ours0", LONG).await }
    });
    let refused = kubectl(["config", "set-cluster", "theirs", "--server=https://x"].map(str::to_owned).to_vec())();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("shared.lock"), "{refused:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!ours.is_finished());
    std::fs::remove_file(&held).unwrap();
    assert!(ours.await.unwrap().unwrap());
    let accepted = kubectl(["config", "set-cluster", "theirs", "--server=https://x"].map(str::to_owned).to_vec())();
    assert!(accepted.status.success());
    let ours = (1..8).map(|number| {
        let source = source.clone();
        tokio::spawn(async move { kubeconfig::alias_context(&source, CONTEXT, &format!("ours{number}"), LONG).await })
    });
    for task in ours.collect::<Vec<_>>() {
        assert!(task.await.unwrap().unwrap());
    }
    let view = kubectl(["config", "view", "-o", "json"].map(str::to_owned).to_vec())();
    let view: Value = serde_json::from_slice(&view.stdout).unwrap();
    assert_eq!(view["contexts"].as_array().unwrap().len(), 9);
    assert_eq!(view["clusters"].as_array().unwrap().len(), 2);
    assert!(kubeconfig::rename_context(&source, "ours0", "renamed", LONG).await.unwrap());
    assert!(kubeconfig::use_context(&source, "renamed", LONG).await.unwrap());
    kubeconfig::mark_context(&source, "renamed", &json!({ "cluster": CLUSTER }), LONG).await.unwrap();
    let used = kubectl(["config", "current-context"].map(str::to_owned).to_vec())();
    assert_eq!(String::from_utf8_lossy(&used.stdout), "renamed\n");
    let client = connect(&source, None).await.unwrap();
    assert_eq!((client.context(), version(&client).await.is_ok()), ("renamed", true));
    // kubectl keeps the mark when it writes the file.
    kubectl(["config", "set-context", "renamed", "--namespace=x"].map(str::to_owned).to_vec())();
    assert!(kubeconfig::is_ours(&source, "renamed").unwrap());
}

async fn the_wrong_address_and_the_wrong_user(source: &kubeconfig::Source, folder: &Path) {
    let path = folder.join("wrong");
    std::fs::copy(&source.paths()[0], &path).unwrap();
    let wrong = kubeconfig::Source::of_file(&path);
    kubeconfig::set_server(&wrong, CONTEXT, "https://127.0.0.1:1", LONG).await.unwrap();
    let error = version(&connect(&wrong, None).await.unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "the API server of `kind-kubetest` at https://127.0.0.1:1 does not answer");
    let text = std::fs::read_to_string(&source.paths()[0]).unwrap();
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.contains("client-")).collect();
    lines.push("    token: wrong");
    let users = lines.iter().position(|line| line.trim() == "user:" || line.trim() == "user: {}");
    let text = match users {
        Some(at) => {
            lines.pop();
            lines[at] = "  user: {token: wrong}";
            lines.join("\n")
        }
        None => lines.join("\n"),
    };
    std::fs::write(&path, text).unwrap();
    let error = version(&connect(&wrong, None).await.unwrap()).await;
    // The version is readable by anyone; objects are not.
    let error = match error {
        Ok(_) => get(&connect(&wrong, None).await.unwrap(), &Reference::new("v1/Node", "x")).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.to_string(), "`kind-kubetest` does not accept the credentials of its user");
}

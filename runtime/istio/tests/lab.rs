//! Istio in a real cluster: set MESHRUN_LAB=1 and MESHRUN_UPSTREAM where `kind` and the docker client work. Whether the nodes can have
//! Istio's images decides how far it goes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use meshrun_istio::{
    Error,
    debug::{control_planes, proxies, remotes, wait_for_remotes},
    gateway::{EastWest, east_west, expose, expose_services},
    install::{Installed, Options, Uninstall, install, uninstall},
    operator::{Charts, Request},
    remote::{self, READER, RemoteSecret, add, create_reader, has_reader, remote_secret},
};
use meshrun_kube::{
    Act, Client, Condition, Query, Reference, Subject, WaitOptions, can_i, connect, connect_with, find, get,
    kubeconfig::Source, list, name_of, wait,
};
use meshrun_terms::{Progress, Steps, Timeout};
use meshrun_tests::KindCluster;
use serde_json::json;

const SYSTEM: &str = "istio-system";
/// Long enough for a slow machine.
const PATIENCE: Timeout = Timeout::minutes(6);

/// Steps that keep what was changed.
fn noted() -> (Steps, Arc<Mutex<Vec<String>>>) {
    let changes = Arc::new(Mutex::new(Vec::new()));
    let kept = changes.clone();
    let steps = Steps::new(move |progress| match progress {
        Progress::Changed(what) => kept.lock().unwrap().push(what),
        other => println!("  {other:?}"),
    });
    (steps, changes)
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// A cluster, Istio's charts, and what is done with them.
struct Lab {
    client: Client,
    charts: Arc<Charts>,
}

impl Lab {
    async fn of(cluster: &KindCluster, charts: &Arc<Charts>) -> Self {
        let source = Source { file: Some(cluster.kubeconfig()), variable: None, home: None };
        let client = connect(&source, Some(&format!("kind-{}", cluster.name()))).await.unwrap();
        Self { client, charts: charts.clone() }
    }

    async fn install(&self, request: &Request, timeout: Timeout) -> Result<(Installed, Vec<String>), Error> {
        let (steps, changes) = noted();
        let options = Options { version: "1.20.1".to_owned(), timeout, wait: true };
        let installed = install(&self.client, &self.charts, request, &options, &steps).await?;
        let changes = changes.lock().unwrap().clone();
        assert_eq!(installed.changed, !changes.is_empty());
        Ok((installed, changes))
    }

    /// Install, and see that doing so again changes nothing.
    async fn install_twice(&self, request: &Request) -> Installed {
        let (installed, changes) = self.install(request, PATIENCE).await.unwrap();
        assert!(installed.changed, "{changes:?}");
        let (again, changes) = self.install(request, PATIENCE).await.unwrap();
        assert!(!again.changed, "a repeat changed {changes:?}");
        installed
    }

    async fn uninstall(&self, what: &Uninstall) -> Vec<String> {
        let (steps, _) = noted();
        let gone = uninstall(&self.client, SYSTEM, what, PATIENCE, &steps).await.unwrap();
        assert!(gone.changed && !gone.deleted.is_empty());
        let again = uninstall(&self.client, SYSTEM, what, PATIENCE, &steps).await.unwrap();
        assert_eq!((again.deleted.len(), again.changed), (0, false), "{:?}", again.deleted);
        gone.deleted
    }

    async fn names(&self, kind: &str) -> BTreeSet<String> {
        list(&self.client, &Query::of(kind).everywhere())
            .await
            .unwrap()
            .iter()
            .map(|object| name_of(object).to_owned())
            .collect()
    }

    async fn exists(&self, kind: &str, name: &str) -> bool {
        find(&self.client, &Reference::new(kind, name).in_namespace(SYSTEM)).await.unwrap().is_some()
    }

    async fn secret(&self, name: &str) -> RemoteSecret {
        let (steps, _) = noted();
        let options = remote::Options { force: true, ..remote::Options::new(name, self.client.server()) };
        remote_secret(&self.client, &options, &steps).await.unwrap()
    }
}

fn request(set: &[&str]) -> Request {
    Request { set: set.iter().map(|&flag| flag.to_owned()).collect(), ..Request::default() }
}

#[test]
fn istio_without_images_fails_with_evidence_and_its_base_comes_and_goes() {
    let test = "istio_without_images_fails_with_evidence_and_its_base_comes_and_goes";
    let Some(_lab) = meshrun_tests::lab(test) else { return };
    let Some(upstream) = meshrun_tests::upstream(test) else { return };
    let charts = Arc::new(Charts::load(upstream.join("istio-1.20.1")).unwrap());
    let cluster = KindCluster::create("istio-lab-bare", &["--wait", "3m"]);
    blocking(async {
        let lab = Lab::of(&cluster, &charts).await;
        a_reader_comes_without_istio(&lab).await;
        base_comes_alone(&lab).await;
        a_missing_image_is_told(&lab).await;
        everything_goes(&lab).await;
    });
}

/// A remote secret of a cluster that has no Istio: the account and its rights are made, its token works, and it may read only.
async fn a_reader_comes_without_istio(lab: &Lab) {
    let (steps, changes) = noted();
    assert!(!has_reader(&lab.client, SYSTEM, READER).await.unwrap());
    let options = remote::Options { force: true, ..remote::Options::new("bare", lab.client.server()) };
    let refused = remote_secret(&lab.client, &options, &steps).await.unwrap_err();
    assert!(matches!(refused, Error::NoReader { .. }), "{refused}");
    let refused = remote_secret(&lab.client, &remote::Options { force: false, ..options }, &steps).await.unwrap_err();
    assert!(matches!(refused, Error::LoopbackServer { .. }), "{refused}");
    create_reader(&lab.client, &lab.charts, SYSTEM, PATIENCE, &steps).await.unwrap();
    let secret = lab.secret("bare").await;
    changes.lock().unwrap().clear();
    create_reader(&lab.client, &lab.charts, SYSTEM, PATIENCE, &steps).await.unwrap();
    assert_eq!(lab.secret("bare").await, secret, "a repeat makes no other token");
    assert!(changes.lock().unwrap().is_empty(), "{:?}", changes.lock().unwrap());

    let reader = connect_with(secret.kubeconfig.expose(), "bare").await.unwrap();
    assert!(!list(&reader, &Query::of("pods").everywhere()).await.unwrap().is_empty());
    let may = |verb: &str, kind: &str| {
        let act = Act { verb: verb.to_owned(), kind: kind.to_owned(), ..Act::default() };
        let reader = reader.clone();
        async move { can_i(&reader, &act).await.unwrap() }
    };
    assert!(may("watch", "endpointslices").await && may("list", "services").await);
    assert!(!may("create", "pods").await && !may("delete", "namespaces").await);

    assert!(add(&lab.client, &secret, &steps).await.unwrap());
    assert!(!add(&lab.client, &secret, &steps).await.unwrap(), "it is there");
    let known = remote::list(&lab.client, SYSTEM).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].name.as_str(), known[0].server.as_deref()), ("bare", Some(lab.client.server())));
    assert!(remote::remove(&lab.client, SYSTEM, "bare", PATIENCE, &steps).await.unwrap());
    assert!(!remote::remove(&lab.client, SYSTEM, "bare", PATIENCE, &steps).await.unwrap());
}

async fn base_comes_alone(lab: &Lab) {
    let base = Request { components: vec!["Base".to_owned()], ..request(&["values.global.network=network1"]) };
    let installed = lab.install_twice(&base).await;
    assert_eq!(installed.components, ["Base"]);
    let definitions = lab.names("customresourcedefinitions").await;
    assert!(definitions.contains("gateways.networking.istio.io"), "{definitions:?}");
    let state = Reference::new("istiooperators.install.istio.io", "installed-state").in_namespace(SYSTEM);
    let state = get(&lab.client, &state).await.unwrap();
    assert_eq!(state["spec"]["values"]["global"]["network"], "network1");
}

/// istiod with an image that is nowhere: the error says which pod, which image, why, and what the node has tried.
async fn a_missing_image_is_told(lab: &Lab) {
    let started = tokio::time::Instant::now();
    let nowhere = request(&["profile=minimal", "hub=localhost:1/nowhere"]);
    let error = lab.install(&nowhere, Timeout::seconds(40)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(240), "the timeout is for all of it");
    let Error::Kube(meshrun_kube::Error::Wait { what, evidence, .. }) = &error else { panic!("{error:?}") };
    assert!(what.contains("istiod"), "{what}");
    let text = error.to_string();
    for told in ["pod istiod-", "discovery", "localhost:1/nowhere/pilot", "Pull"] {
        assert!(text.contains(told), "no {told} in: {text}");
    }
    assert!(!evidence.events.is_empty(), "{text}");
    assert_eq!(control_planes(&lab.client, SYSTEM).await.unwrap()[0].ready, 0);
    let refused = remotes(&lab.client, SYSTEM).await.unwrap_err();
    assert!(matches!(refused, Error::NoIstiod { .. }), "{refused}");
}

async fn everything_goes(lab: &Lab) {
    lab.uninstall(&Uninstall::Revision("default".to_owned())).await;
    assert!(!lab.exists("deployments.apps", "istiod").await);
    assert!(lab.names("customresourcedefinitions").await.contains("gateways.networking.istio.io"), "Base stays");
    lab.uninstall(&Uninstall::Purge).await;
    let left = lab.names("customresourcedefinitions").await;
    assert!(!left.iter().any(|name| name.ends_with("istio.io")), "{left:?}");
    assert!(!lab.names("clusterroles").await.iter().any(|name| name.contains("istio")));
}

/// What proxies that are a stock Envoy need; Istio's own do without.
const PLAIN_PROXIES: &str = r#"
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  components:
    pilot:
      k8s:
        env:
        - { name: PILOT_ENABLE_METADATA_EXCHANGE, value: "false" }
        - { name: PILOT_ENABLE_ALPN_FILTER, value: "false" }
        - { name: PILOT_DISABLE_MX_ALPN, value: "true" }
  values:
    telemetry:
      enabled: false
    global:
      network: network1
      multiCluster:
        clusterName: own
"#;

/// The control plane of the mesh, with these flags.
fn primary(set: &[&str]) -> Request {
    Request { files: vec![("primary".to_owned(), PLAIN_PROXIES.to_owned())], ..request(set) }
}

#[test]
fn istio_is_installed_twice_pruned_and_taken_away() {
    let test = "istio_is_installed_twice_pruned_and_taken_away";
    let Some(_lab) = meshrun_tests::lab(test) else { return };
    let Some(upstream) = meshrun_tests::upstream(test) else { return };
    if !meshrun_tests::has_images(test, &["istio/pilot:1.20.1", "istio/proxyv2:1.20.1"]) {
        return;
    }
    let charts = Arc::new(Charts::load(upstream.join("istio-1.20.1")).unwrap());
    let cluster = KindCluster::create("istio-lab", &["--wait", "3m"]);
    blocking(async {
        let lab = Lab::of(&cluster, &charts).await;
        default_comes_twice_and_is_pruned(&lab).await;
        a_remote_is_read(&lab).await;
        an_east_west_gateway_comes(&lab).await;
        let deleted = lab.uninstall(&Uninstall::Revision("default".to_owned())).await;
        assert!(deleted.iter().any(|name| name.contains("istio-revision-tag-default")), "{deleted:?}");
        lab.uninstall(&Uninstall::Purge).await;
        assert!(!lab.names("mutatingwebhookconfigurations").await.iter().any(|name| name.contains("istio")));
        assert!(!lab.names("configmaps").await.contains("istio-ca-root-cert"));
    });
}

async fn default_comes_twice_and_is_pruned(lab: &Lab) {
    let (installed, _) = lab.install(&primary(&[]), PATIENCE).await.unwrap();
    validators_refuse(lab).await;
    let (again, changes) = lab.install(&primary(&[]), PATIENCE).await.unwrap();
    assert!(!again.changed, "a repeat changed {changes:?}");
    assert_eq!(installed.components, ["Base", "Pilot", "IngressGateways"]);
    let webhooks = lab.names("mutatingwebhookconfigurations").await;
    assert!(
        webhooks.contains("istio-revision-tag-default") && webhooks.contains("istio-sidecar-injector"),
        "{webhooks:?}"
    );
    assert!(lab.names("validatingwebhookconfigurations").await.contains("istiod-default-validator"));
    let version = &control_planes(&lab.client, SYSTEM).await.unwrap()[0];
    assert_eq!((version.version.as_str(), version.cluster.as_str(), version.ready), ("1.20.1", "own", 1));
    let connected = proxies(&lab.client, SYSTEM).await.unwrap();
    assert!(connected.iter().any(|proxy| proxy.name.starts_with("istio-ingressgateway")), "{connected:?}");

    lab.install_twice(&primary(&["profile=minimal"])).await;
    assert!(!lab.exists("deployments.apps", "istio-ingressgateway").await, "what is no longer rendered is pruned");
    assert!(lab.exists("deployments.apps", "istiod").await);
}

/// Wait until istiod has turned its validators from letting everything pass to refusing what is wrong, which it does by itself
/// once it finds that they are called.
async fn validators_refuse(lab: &Lab) {
    let (steps, _) = noted();
    for name in ["istio-validator-istio-system", "istiod-default-validator"] {
        let validator = Subject::Object(Reference::new("validatingwebhookconfigurations", name));
        let refuses = Condition::Equals { path: "webhooks[0].failurePolicy".to_owned(), value: json!("Fail") };
        wait(&lab.client, &validator, &refuses, &WaitOptions::within(PATIENCE), &steps).await.unwrap();
    }
}

/// The cluster under another name is a remote of itself, by the address that its pods know.
async fn a_remote_is_read(lab: &Lab) {
    let (steps, _) = noted();
    let options = remote::Options::new("other", "https://kubernetes.default.svc:443");
    let secret = remote_secret(&lab.client, &options, &steps).await.unwrap();
    add(&lab.client, &secret, &steps).await.unwrap();
    let names = ["other".to_owned()];
    let read = wait_for_remotes(&lab.client, SYSTEM, &names, PATIENCE, &steps).await.unwrap();
    assert!(read.iter().all(|remote| remote.synced && remote.name == "other"), "{read:?}");
    let wrong = ["nobody".to_owned()];
    let error = wait_for_remotes(&lab.client, SYSTEM, &wrong, Timeout::seconds(2), &steps).await.unwrap_err();
    assert!(error.to_string().contains("knows no cluster nobody"), "{error}");
    assert!(remote::remove(&lab.client, SYSTEM, "other", PATIENCE, &steps).await.unwrap());
}

async fn an_east_west_gateway_comes(lab: &Lab) {
    let (steps, _) = noted();
    expose(&lab.client, vec![expose_services(SYSTEM)], PATIENCE, &steps).await.unwrap();
    let operator = east_west(&EastWest { network: Some("network1".to_owned()), ..EastWest::default() });
    let files = vec![("east-west".to_owned(), operator.to_string())];
    lab.install_twice(&Request { files, ..Request::default() }).await;
    assert!(lab.exists("deployments.apps", "istio-eastwestgateway").await);
    assert!(lab.exists("deployments.apps", "istiod").await, "the control plane is another owner's");
}

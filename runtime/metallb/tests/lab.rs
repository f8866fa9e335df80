//! MetalLB in a real cluster: set MESHRUN_LAB=1 and MESHRUN_UPSTREAM where `kind` and the docker client work and the nodes
//! can pull MetalLB's images.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use meshrun_kube::{
    Client, Condition, Object, Reference, Subject, WaitOptions, apply, connect, get, kubeconfig::Source, wait,
};
use meshrun_metallb::{Claim, Configuration, Error, Network, Subnet, Used, configure, install, plan, pools};
use meshrun_terms::{Progress, Steps, Timeout};
use meshrun_tests::{KindCluster, succeed_with};
use serde_json::{Value, json};

const CLUSTER: &str = "metallb-lab";
const LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

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

/// The network `kind`, from the docker client.
fn network() -> Network {
    let told: Value = serde_json::from_str(&succeed_with("docker", &["network", "inspect", "kind"])).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let subnets = list(&told[0]["IPAM"]["Config"]).into_iter().map(|config| Subnet {
        subnet: config["Subnet"].as_str().unwrap().parse().unwrap(),
        gateway: config["Gateway"].as_str().and_then(|gateway| gateway.parse().ok()),
        ip_range: config["IPRange"].as_str().and_then(|range| range.parse().ok()),
    });
    let containers = told[0]["Containers"].as_object().unwrap().values().map(|container| Used {
        address: container["IPv4Address"].as_str().unwrap().split('/').next().unwrap().parse().unwrap(),
        by: container["Name"].as_str().unwrap().to_owned(),
    });
    Network { name: "kind".to_owned(), subnets: subnets.collect(), in_use: containers.collect() }
}

async fn claim(client: &Client) -> Claim {
    let existing = pools(client).await.unwrap();
    Claim { cluster: CLUSTER.to_owned(), pool: "first-pool".to_owned(), size: 10, range: None, existing }
}

#[test]
fn metallb_is_installed_configured_and_gives_out_addresses() {
    let test = "metallb_is_installed_configured_and_gives_out_addresses";
    let Some(_lab) = meshrun_tests::lab(test) else { return };
    let Some(upstream) = meshrun_tests::upstream(test) else { return };
    if !meshrun_tests::has_images(test, &["metallb/controller:v0.13.10", "metallb/speaker:v0.13.10"]) {
        return;
    }
    let manifest = upstream.join("metallb-v0.13.10/config/manifests/metallb-native.yaml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let cluster = KindCluster::create(CLUSTER, &["--wait", "5m"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = connect(&Source::of_file(cluster.kubeconfig()), None).await.unwrap();
        installs_once(&client, &manifest).await;
        configures_once(&client).await;
        overlapping_pools_are_refused(&client).await;
        a_service_gets_an_address_that_answers(&client).await;
        a_missing_image_is_named(&client, &manifest).await;
        install(&client, &manifest, "metallb-native.yaml", Timeout::minutes(8), &Steps::silent()).await.unwrap();
    });
}

async fn a_missing_image_is_named(client: &Client, manifest: &str) {
    let broken = manifest.replace("metallb/controller:v0.13.10", "metallb/controller:none");
    let start = Instant::now();
    let error = install(client, &broken, "broken.yaml", Timeout::minutes(3), &Steps::silent()).await.unwrap_err();
    let text = error.to_string();
    println!("after {:?}: {text}", start.elapsed());
    assert!(text.contains("deployment metallb-system/controller"), "{text}");
    assert!(text.contains("quay.io/metallb/controller:none"), "{text}");
    assert!(text.contains("ImagePull"), "{text}");
}

async fn installs_once(client: &Client, manifest: &str) {
    let (steps, changes) = noted();
    let start = Instant::now();
    install(client, manifest, "metallb-native.yaml", Timeout::minutes(8), &steps).await.unwrap();
    println!("installed in {:?}: {:#?}", start.elapsed(), changes.lock().unwrap());
    assert!(!changes.lock().unwrap().is_empty());
    let node = get(client, &Reference::new("Node", format!("{CLUSTER}-control-plane"))).await.unwrap();
    assert_eq!(node["metadata"]["labels"][LABEL], Value::Null);

    let (steps, changes) = noted();
    let start = Instant::now();
    install(client, manifest, "metallb-native.yaml", Timeout::minutes(8), &steps).await.unwrap();
    println!("again in {:?}", start.elapsed());
    assert_eq!(*changes.lock().unwrap(), [] as [String; 0]);
}

async fn configures_once(client: &Client) {
    let wanted = plan(&network(), &[claim(client).await]).unwrap();
    assert!(!wanted[0].kept);
    let configuration = Configuration {
        pool: wanted[0].pool.clone(),
        advertisement: "first-adv".to_owned(),
        ranges: vec![wanted[0].range],
    };
    for round in 0..2 {
        let (steps, changes) = noted();
        configure(client, &configuration, Timeout::minutes(5), &steps).await.unwrap();
        assert_eq!(changes.lock().unwrap().len(), if round == 0 { 2 } else { 0 }, "{changes:?}");
    }
    let again = plan(&network(), &[claim(client).await]).unwrap();
    assert_eq!((again[0].range, again[0].kept), (wanted[0].range, true));
}

async fn overlapping_pools_are_refused(client: &Client) {
    let ranges = pools(client).await.unwrap()[0].ranges.clone();
    let second = Configuration { pool: "second-pool".to_owned(), advertisement: "second-adv".to_owned(), ranges };
    let error = configure(client, &second, Timeout::minutes(3), &Steps::silent()).await.unwrap_err();
    assert!(matches!(error, Error::PoolRefused { .. }), "{error:?}");
    assert!(error.to_string().contains("overlap"), "{error}");
}

async fn a_service_gets_an_address_that_answers(client: &Client) {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "dns-metrics", "namespace": "kube-system" },
        "spec": { "type": "LoadBalancer", "selector": { "k8s-app": "kube-dns" }, "ports": [{ "port": 80, "targetPort": 9153 }] },
    });
    let object = Object { value: service, origin: meshrun_kube::Origin::default() };
    apply(client, vec![object], &meshrun_kube::ApplyOptions::default(), &Steps::silent()).await.unwrap();
    let subject = Subject::Object(Reference::new("Service", "dns-metrics").in_namespace("kube-system"));
    let found =
        wait(client, &subject, &Condition::HasAddress, &WaitOptions::within(Timeout::minutes(5)), &Steps::silent())
            .await;
    let address = found.unwrap()[0]["status"]["loadBalancer"]["ingress"][0]["ip"].as_str().unwrap().to_owned();
    assert!(pools(client).await.unwrap()[0].ranges[0].contains(address.parse().unwrap()), "{address}");
    answers(&address).await;
}

/// Whether something accepts connections there, within some minutes: the speaker announces it from the node.
async fn answers(address: &str) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while Instant::now() < deadline {
        let attempt = tokio::time::timeout(Duration::from_secs(5), tokio::net::TcpStream::connect((address, 80)));
        if matches!(attempt.await, Ok(Ok(_))) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{address} does not answer");
}

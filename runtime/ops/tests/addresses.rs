//! `net::*` and `metallb::*`, called as scripts call them; with MESHRUN_LAB=1 and MESHRUN_UPSTREAM on a cluster that the `kind`
//! command makes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::sync::{Arc, Mutex};

use meshrun_host::{Context, Events, Failure, Function, Happening, Permissions, Value, dispatch};
use meshrun_ops::{Environment, Settings, World, catalogue};
use meshrun_terms::Progress;
use meshrun_tests::KindCluster;
use serde_json::json;

struct Session {
    functions: Vec<Function>,
    context: Context,
    changes: Arc<Mutex<Vec<String>>>,
}

impl Session {
    fn new(settings: Settings) -> Self {
        let environment = Environment {
            variables: std::env::vars().filter(|(name, _)| name != "KUBECONFIG").collect(),
            home: None,
            directory: std::env::temp_dir(),
        };
        let changes = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&changes);
        let events = Events::new(move |event| {
            if let Happening::Progress { progress: Progress::Changed(what), .. } = event.happening {
                seen.lock().unwrap().push(what);
            }
        });
        let permissions = Permissions::all().allow_contexts([format!("kind-{CLUSTER}")]);
        let functions = catalogue(&Arc::new(World::new(environment, settings)));
        Self { functions, context: Context::new(events, permissions), changes }
    }

    async fn attempt(&self, name: &str, given: Value) -> Result<Value, Failure> {
        let function = self.functions.iter().find(|function| function.spec.name == name).unwrap();
        let Value::Array(given) = given else { panic!("{given}") };
        let result = dispatch(function, &self.context, given).await;
        if let Err(failure) = &result {
            let declared = failure.code.starts_with("script::") || function.spec.failures.contains(&&*failure.code);
            assert!(declared, "{name} does not declare {failure:?}");
        }
        result
    }

    async fn call(&self, name: &str, given: Value) -> Value {
        self.attempt(name, given).await.unwrap()
    }

    async fn fails(&self, name: &str, given: Value) -> String {
        let failure = self.attempt(name, given).await.unwrap_err();
        format!("{}: {}", failure.code, failure.message)
    }

    /// What has changed since this was asked last.
    fn changed(&self) -> Vec<String> {
        self.changes.lock().unwrap().drain(..).collect()
    }
}

#[test]
fn every_operation_declares_itself_in_full() {
    let session = Session::new(Settings::default());
    let mut seen = 0;
    for Function { spec, .. } in session.functions.iter().filter(|one| ["net", "metallb"].contains(&one.spec.module()))
    {
        seen += 1;
        assert!(spec.doc.contains(". "), "{}: {}", spec.name, spec.doc);
        assert!(spec.example.contains(spec.name), "{}: its example does not call it", spec.name);
        for parameter in &spec.parameters {
            assert!(!parameter.doc.is_empty() && parameter.kind != "any", "{}: {parameter:?}", spec.name);
        }
    }
    assert_eq!(seen, 9);
}

#[tokio::test]
async fn addresses_are_compared_counted_and_listed() {
    let session = Session::new(Settings::default());
    for (name, given, expected) in [
        ("net::contains", json!(["172.18.0.0/16", "172.18.255.200-172.18.255.219"]), json!(true)),
        ("net::contains", json!(["172.18.0.0/16", "172.19.0.1"]), json!(false)),
        ("net::overlaps", json!(["10.244.0.0/16", "10.245.0.0/16"]), json!(false)),
        ("net::overlaps", json!(["10.244.0.0/16", "10.244.255.255-10.245.0.0"]), json!(true)),
        ("net::nth_address", json!(["172.18.0.0/16", -2]), json!("172.18.255.254")),
        ("net::list_addresses", json!(["10.0.0.255-10.0.1.1"]), json!(["10.0.0.255", "10.0.1.0", "10.0.1.1"])),
        (
            "net::describe",
            json!(["172.18.0.0/16"]),
            json!({ "first": "172.18.0.0", "last": "172.18.255.255", "size": 65_536, "version": 4 }),
        ),
        (
            "net::describe",
            json!(["::/0"]),
            json!({ "first": "::", "last": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "size": i64::MAX, "version": 6 }),
        ),
    ] {
        assert_eq!(session.call(name, given.clone()).await, expected, "{name} {given}");
    }
    let wrong = session.fails("net::nth_address", json!(["10.0.0.0/30", 4])).await;
    assert_eq!(wrong, "net::no_such_address: 10.0.0.0-10.0.0.3 has no address at place 4");
    let wrong = session.fails("net::list_addresses", json!(["10.0.0.0/8"])).await;
    assert_eq!(wrong, "net::too_many_addresses: 10.0.0.0-10.255.255.255 holds more than 65536 addresses");
    let wrong = session.fails("net::contains", json!(["10.0.0.0/8", "10.0.0"])).await;
    assert!(wrong.contains("found `10.0.0`"), "{wrong}");
}

#[tokio::test]
async fn a_plan_says_which_range_has_no_cluster() {
    let session = Session::new(Settings::default());
    let given = json!([["a"], { "subnet": "10.0.0.0/24", "ranges": { "b": "10.0.0.200-10.0.0.220" } }]);
    assert_eq!(
        session.fails("metallb::plan", given).await,
        "metallb::unknown_cluster: `ranges` names cluster `b`, which is none of a"
    );
    let missing = session.fails("metallb::pools", json!(["nowhere"])).await;
    assert!(missing.starts_with("kube::no_"), "{missing}");
}

const CLUSTER: &str = "metallb-ops";

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_gets_load_balancers_and_a_repeat_changes_nothing() {
    let test = "a_cluster_gets_load_balancers_and_a_repeat_changes_nothing";
    let Some(_lab) = meshrun_tests::lab(test) else { return };
    let Some(upstream) = meshrun_tests::upstream(test) else { return };
    if !meshrun_tests::has_images(test, &["metallb/controller:v0.13.10", "metallb/speaker:v0.13.10"]) {
        return;
    }
    let made = KindCluster::create(CLUSTER, &[]);
    let session = Session::new(Settings { release_dir: Some(upstream), ..Settings::default() });
    let cluster = json!({ "name": "one", "context": format!("kind-{CLUSTER}"), "kubeconfig": made.kubeconfig(), "network": "kind" });

    assert_eq!(session.call("metallb::pools", json!([cluster])).await, json!([]));
    let early = session.fails("metallb::configure", json!([cluster, ["172.18.255.1-172.18.255.9"]])).await;
    assert_eq!(early, format!("metallb::not_installed: `kind-{CLUSTER}` has no MetalLB"));

    session.call("metallb::install", json!([cluster])).await;
    assert_ne!(session.changed(), [""; 0]);
    session.call("metallb::install", json!([cluster])).await;
    assert_eq!(session.changed(), [""; 0]);

    let plan = session.call("metallb::plan", json!([[cluster], { "size": 12, "pools": ["second-pool"] }])).await;
    let found = &plan[0];
    assert_eq!(
        (&found["cluster"], &found["pool"], &found["kept"]),
        (&json!("one"), &json!("second-pool"), &json!(false))
    );
    let given = json!([cluster, [found["range"]], { "pool": found["pool"], "advertisement": "second-adv" }]);
    session.call("metallb::configure", given.clone()).await;
    assert_eq!(session.changed().len(), 2);
    session.call("metallb::configure", given).await;
    assert_eq!(session.changed(), [""; 0]);

    let pools = session.call("metallb::pools", json!([cluster])).await;
    assert_eq!(pools, json!([{ "name": "second-pool", "ranges": [found["range"]] }]));
    let again = session.call("metallb::plan", json!([[cluster], { "size": 12 }])).await;
    assert_eq!((&again[0]["range"], &again[0]["kept"]), (&found["range"], &json!(true)));
}

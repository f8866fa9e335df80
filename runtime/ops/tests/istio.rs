//! Operations for Istio, called as scripts call them, on clusters that are not there or may not be changed.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use std::{collections::BTreeMap, fs, sync::Arc};

use meshrun_host::{Context, Effect, Events, Failure, Function, Permissions, Value, dispatch};
use meshrun_ops::{Environment, Settings, World, catalogue};
use serde_json::json;
use tempfile::TempDir;

/// Nobody listens on this port.
const KUBECONFIG: &str = r#"{
    "apiVersion": "v1", "kind": "Config", "current-context": "gone",
    "clusters": [{ "name": "gone", "cluster": { "server": "http://127.0.0.1:1" } }],
    "contexts": [{ "name": "gone", "context": { "cluster": "gone", "user": "gone" } }],
    "users": [{ "name": "gone", "user": {} }]
}"#;

/// Operations on a kubeconfig with one context, `gone`.
struct Bench {
    functions: Vec<Function>,
    context: Context,
    _folder: TempDir,
}

impl Bench {
    fn new(contexts: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, KUBECONFIG).unwrap();
        let environment = Environment {
            variables: BTreeMap::from([("KUBECONFIG".to_owned(), kubeconfig.display().to_string())]),
            home: Some(folder.path().join("home")),
            directory: folder.path().to_owned(),
        };
        let settings = Settings { release_dir: Some(folder.path().join("releases")), ..Settings::default() };
        let world = Arc::new(World::new(environment, settings));
        let permissions = Permissions::all().allow_contexts(contexts.iter().map(|&name| name.to_owned()));
        let functions =
            catalogue(&world).into_iter().filter(|function| function.spec.name.starts_with("istio::")).collect();
        Self { functions, context: Context::new(Events::new(|_| {}), permissions), _folder: folder }
    }

    async fn call(&self, name: &str, given: Value) -> Result<Value, Failure> {
        let function = self.functions.iter().find(|function| function.spec.name == name).unwrap();
        let Value::Array(given) = given else { panic!("arguments are a list") };
        let result = dispatch(function, &self.context, given).await;
        if let Err(failure) = &result {
            let declared = function.spec.failures.contains(&&*failure.code) || failure.code.starts_with("script::");
            assert!(declared, "{name} fails with {}, which it does not declare: {failure:?}", failure.code);
        }
        result
    }
}

/// What an operation needs besides the cluster.
fn more(name: &str) -> Vec<Value> {
    match name {
        "istio::install_gateway" | "istio::endpoints" | "istio::remove_remote" => vec![json!("name")],
        "istio::add_remote" => vec![json!("gone")],
        _ => vec![],
    }
}

#[tokio::test]
async fn every_operation_says_that_the_cluster_does_not_answer_or_is_unknown() {
    let bench = Bench::new(&["gone"]);
    for function in bench.functions.iter().filter(|function| function.spec.name != "istio::render_manifest") {
        let name = function.spec.name;
        for (context, code) in [("gone", "kube::unreachable"), ("gnoe", "kube::no_context")] {
            let arguments: Vec<Value> = [json!(context)].into_iter().chain(more(name)).collect();
            let failure = bench.call(name, json!(arguments)).await.unwrap_err();
            // Several objects at once fail together, and each says why.
            let is_told = failure.code == "kube::several" && failure.message.contains("does not answer");
            // An install looks for the release first.
            let is_about_release = failure.code.starts_with("release::") || failure.code == "istio::no_charts";
            assert!(failure.code == code || is_told || is_about_release, "{name}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn what_changes_a_cluster_asks_whether_it_may() {
    let bench = Bench::new(&[]);
    let changes = |function: &&Function| {
        matches!(function.spec.effect, Effect::Changes) && function.spec.name != "istio::render_manifest"
    };
    let changing: Vec<&Function> = bench.functions.iter().filter(changes).collect();
    assert!(changing.len() >= 9, "{}", changing.len());
    for function in changing {
        let name = function.spec.name;
        let arguments: Vec<Value> = [json!("gone")].into_iter().chain(more(name)).collect();
        let failure = bench.call(name, json!(arguments)).await.unwrap_err();
        assert_eq!(failure.code, "kube::foreign_context", "{name}: {failure:?}");
    }
}

#[tokio::test]
async fn a_mesh_is_verified_by_one_cluster_or_by_many() {
    let bench = Bench::new(&[]);
    for clusters in [json!("gone"), json!({ "name": "gone" }), json!(["gone", { "name": "a", "context": "gone" }])] {
        let failure = bench.call("istio::verify", json!([clusters])).await.unwrap_err();
        assert_eq!(failure.code, "kube::unreachable", "{clusters}: {failure:?}");
    }
    let failure = bench.call("istio::verify", json!([5])).await.unwrap_err();
    assert!(failure.code.starts_with("script::"), "{failure:?}");
}

#[tokio::test]
async fn a_misspelt_option_is_told_before_anything_is_asked() {
    let bench = Bench::new(&["gone"]);
    let failure = bench.call("istio::east_west", json!(["gone", { "netwrok": "network1" }])).await.unwrap_err();
    assert!(failure.code.starts_with("script::"), "{failure:?}");
    let text = format!("{} {}", failure.message, failure.help.unwrap_or_default());
    assert!(text.contains("network"), "{text}");
}

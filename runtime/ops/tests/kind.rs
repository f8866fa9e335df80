//! The operations `kind::*` and `helm::*`: what they declare, and what they refuse before they ask anybody.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::sync::Arc;

use meshrun_host::{Context, Events, Failure, Function, Permissions, Value, dispatch};
use meshrun_ops::{Environment, Settings, World, catalogue};
use serde_json::json;

fn functions() -> Vec<Function> {
    let environment = Environment { directory: std::env::temp_dir(), ..Environment::default() };
    let settings = Settings { docker_host: Some("unix:///nowhere.sock".into()), ..Settings::default() };
    catalogue(&Arc::new(World::new(environment, settings)))
}

async fn fails(name: &str, given: Value) -> Failure {
    let functions = functions();
    let function = functions.iter().find(|function| function.spec.name == name).unwrap();
    let Value::Array(given) = given else { panic!("{given}") };
    let context = Context::new(Events::new(|_| {}), Permissions::all());
    let failure = dispatch(function, &context, given).await.unwrap_err();
    let declared = failure.code.starts_with("script::") || function.spec.failures.contains(&&*failure.code);
    assert!(declared, "{name} does not declare {failure:?}");
    failure
}

#[test]
fn every_operation_declares_itself_in_full() {
    let mut seen = 0;
    for Function { spec, .. } in functions().iter().filter(|one| ["kind", "helm"].contains(&one.spec.module())) {
        seen += 1;
        assert!(spec.doc.contains(". "), "{}: {}", spec.name, spec.doc);
        assert!(spec.example.contains(spec.name), "{}: its example does not call it", spec.name);
        for parameter in &spec.parameters {
            let any = parameter.kind == "any" && parameter.name != "config";
            assert!(!parameter.doc.is_empty() && !any, "{}: {parameter:?}", spec.name);
        }
        let mut codes = spec.failures.to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), spec.failures.len(), "{}: a code is declared twice", spec.name);
    }
    assert_eq!(seen, 16);
}

#[tokio::test]
async fn a_wrong_cluster_is_refused_before_anybody_is_asked() {
    let create = |options: Value| fails("kind::create_cluster", json!(["a", options]));
    let failure = create(json!({ "config": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnoeds: []\n" })).await;
    assert_eq!(failure.code, "kind::config_syntax");
    assert!(failure.excerpt.unwrap().text.contains("noeds"), "the piece of the text is not shown");
    let failure = create(json!({ "config": { "kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha3" } })).await;
    assert_eq!(failure.code, "kind::config_version");
    assert_eq!(create(json!({ "config": "no-such-file.yaml" })).await.code, "kind::file");
    assert_eq!(create(json!({ "control_planes": 0 })).await.code, "kind::config_invalid");
    assert_eq!(create(json!({ "server": "node" })).await.code, "kind::no_context");
    let failure = create(json!({ "wrokers": 1 })).await;
    assert!(failure.code == "script::unknown_option" && format!("{failure:?}").contains("workers"), "{failure:?}");
    assert!(fails("kind::create_cluster", json!(["not a name"])).await.code.starts_with("script::"));
    assert!(fails("kind::delete_cluster", json!([7])).await.code.starts_with("script::"));
    assert_eq!(create(json!({})).await.code, "docker::no_engine");
    assert_eq!(fails("kind::delete_cluster", json!([{ "name": "a", "context": "b" }])).await.code, "docker::no_engine");
}

#[tokio::test]
async fn a_chart_that_is_not_there_is_named() {
    let failure = fails("helm::template", json!(["a", "/nowhere/chart"])).await;
    assert!(failure.code == "helm::read" && failure.message.contains("/nowhere/chart"), "{failure:?}");
}

//! Plans that start from what real peers have: here the peers of another simulation, which a plan cannot tell from real ones.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{fs, process::Output};

use meshrun_tests::{Home, Peers, root, whole};
use serde_json::Value;

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", whole(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn fails(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", whole(output));
    whole(output)
}

/// The miniature releases, which lie in the repository.
fn releases() -> String {
    root().join("runtime/sim/release").to_string_lossy().into_owned()
}

/// Peers that are real to whoever uses them, and the kubeconfig that leads to them.
fn peers(home: &Home, words: &[&str]) -> (Peers, String) {
    let peers = Peers::after(home, words);
    let kubeconfig = peers.variable("KUBECONFIG");
    (peers, kubeconfig)
}

#[test]
fn what_is_there_does_not_change_and_the_rest_is_listed() {
    let home = Home::new();
    let (peers, kubeconfig) = peers(&home, &["scripts/create-cluster.rhai"]);
    let before = fs::read_to_string(&kubeconfig).unwrap();
    let plan = succeeds(&peers.run(&home, &["plan", "scripts/create-cluster.rhai"]));
    for part in
        ["start: the engine at unix://", "start: kind cluster cluster1: Kubernetes v1.27.3", "kind cluster cluster2"]
    {
        assert!(plan.contains(part), "`{part}` is missing in\n{plan}");
    }
    assert!(plan.contains("== Create the clusters: nothing changes\nnothing changes, rehearsed"), "{plan}");

    let three = succeeds(&peers.run(&home, &["plan", "scripts/create-cluster.rhai", "--clusters", "3"]));
    assert!(
        three.contains("kind::create_cluster cluster3") && !three.contains("kind::create_cluster cluster1"),
        "{three}"
    );

    let rest = succeeds(&peers.run(&home, &["plan", "scripts/multi-primary.rhai"]));
    assert!(rest.contains("== Clusters: nothing changes") && rest.contains("istio::install"), "{rest}");
    // Nothing of that was real.
    let code = "print(kind::clusters()); print(kube::find(\"cluster1\", \"namespace/istio-system\"));";
    let left = succeeds(&peers.run(&home, &["--quiet", "-e", code]));
    assert!(left.starts_with(r#"["cluster1", "cluster2"]"#) && !left.contains("istio"), "{left}");
    assert_eq!(fs::read_to_string(&kubeconfig).unwrap(), before);

    let empty = succeeds(&peers.run(&home, &["plan", "--from", "empty", "scripts/create-cluster.rhai"]));
    assert!(
        empty.contains("start: an empty engine, as was asked for") && empty.contains("kind::create_cluster cluster1"),
        "{empty}"
    );
}

#[test]
fn a_whole_mesh_changes_in_nothing() {
    let home = Home::new();
    let (peers, _) = peers(&home, &[]);
    let releases = releases();
    let run = |words: &[&str]| peers.run(&home, &[&["--release-dir", &releases], words].concat());
    succeeds(&run(&["scripts/multi-primary.rhai"]));
    let told = succeeds(&run(&["plan", "--json", "scripts/multi-primary.rhai"]));
    let plan: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(plan["effects"], serde_json::json!([]), "{plan:#}");
    assert_eq!(plan["start"]["unknown"], serde_json::json!([]), "{plan:#}");
    assert!(!told.contains("PRIVATE KEY") && !told.contains("eyJ"), "{told}");
    // Another setting shows as what it changes, and nothing else does.
    let other =
        succeeds(&run(&["plan", "scripts/multi-primary.rhai", "--set", "meshConfig.accessLogFile=/dev/stdout"]));
    assert!(other.contains("istio::install") && other.contains("== Clusters: nothing changes"), "{other}");
    assert!(!other.contains("remote-secret") && !other.contains("pki::"), "{other}");
}

#[test]
fn contexts_that_are_no_kind_clusters_are_read_when_they_are_named() {
    let home = Home::new();
    let (peers, kubeconfig) = peers(&home, &["scripts/create-cluster.rhai"]);
    let away = ["--docker-host", "unix:///nowhere.sock", "--release-dir", &releases(), "--kubeconfig", &kubeconfig];
    let run = |words: &[&str]| peers.run(&home, &[&away, words].concat());
    let script = home.path().join("spaces.rhai").to_string_lossy().into_owned();
    let text = r#"
let options = parameters([#{ name: "contexts", type: "list", doc: "Where" }]);
each_parallel(options.contexts, |context| {
    kube::create_namespace(context, "kube-public");
    kube::create_namespace(context, "planned");
    kube::wait(context, "nodes", "ready");
});"#;
    fs::write(&script, text).unwrap();
    let plan = succeeds(&run(&["plan", &script, "--contexts", "cluster1,cluster2"]));
    assert!(plan.contains("start: context cluster1: Kubernetes v1.27.3"), "{plan}");
    assert!(plan.contains("not known: clusters whose contexts the script does not name: kind-cluster1"), "{plan}");
    assert!(plan.contains("[cluster2] kube::create_namespace") && plan.contains("2 changes by 2 calls"), "{plan}");
}

#[test]
fn what_could_not_be_read_is_not_guessed() {
    let home = Home::new();
    let (peers, kubeconfig) = peers(&home, &["scripts/create-cluster.rhai"]);
    let script = home.path().join("far.rhai").to_string_lossy().into_owned();
    let far = "
clusters: [{name: far, cluster: {server: 'https://192.0.2.1:6443'}}]
users: [{name: far, user: {token: hush}}]
contexts: [{name: far, context: {cluster: far, user: far}}]
";
    let own = home.path().join("far.yaml");
    fs::write(&own, far).unwrap();
    fs::write(&script, "print(kube::find(env::get(\"CONTEXT\"), \"namespace/default\"));").unwrap();
    let both = format!("{kubeconfig}:{}", own.display());
    let run = |words: &[&str]| {
        let mut command = home.meshrun(words);
        command.envs(peers.variables()).env("KUBECONFIG", &both).env("CONTEXT", "far");
        command.output().unwrap()
    };
    let said = fails(&run(&["plan", &script]));
    assert!(said.contains("not known: clusters whose contexts the script does not name: far"), "{said}");
    assert!(said.contains("the state of cluster far, which could not be read") && !said.contains("hush"), "{said}");

    succeeds(&peers.run(&home, &["--quiet", "-e", "kind::stop(\"cluster1\")"]));
    let said = fails(&peers.run(&home, &["plan", "scripts/create-cluster.rhai"]));
    assert!(said.contains("not known: the state of kind cluster cluster1"), "{said}");
    assert!(said.contains("the state of its cluster could not be read"), "{said}");
}

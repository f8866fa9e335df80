//! Clusters on a real engine, made by meshrun and by the `kind` command, each used and deleted by the other; interrupted; with several nodes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use meshrun_tests::{Home, delete_cluster, lab, node_image, whole};
use serde_json::Value;

/// How long anything here may take; far longer than it does.
const LONG: Duration = Duration::from_secs(20 * 60);

/// Clusters, and a network, that are removed before and after a test, also when it fails.
struct Gone {
    clusters: &'static [&'static str],
    network: Option<&'static str>,
}

impl Gone {
    fn clusters(clusters: &'static [&'static str]) -> Self {
        Self::with_network(clusters, None)
    }

    fn with_network(clusters: &'static [&'static str], network: Option<&'static str>) -> Self {
        let gone = Self { clusters, network };
        gone.remove();
        gone
    }

    fn remove(&self) {
        self.clusters.iter().for_each(|cluster| delete_cluster(cluster));
        if let Some(network) = self.network {
            // One that is not there cannot be removed, and need not be.
            let _removed = Command::new("docker").args(["network", "rm", network]).output();
        }
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.remove();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", whole(output));
    text(&output.stdout)
}

/// Run a piece of script, and return what it prints as JSON.
fn value(home: &Home, code: &str) -> Value {
    let code = format!("print(json::to_string({code}));");
    let out = succeeds(&home.run(&["--quiet", "-e", &code]));
    let first = out.lines().next().unwrap_or_default();
    serde_json::from_str(first).unwrap_or_else(|error| panic!("{code}: {error}: {out}"))
}

fn program(home: &Home, program: &str, arguments: &[&str]) -> String {
    succeeds(&home.program(program, arguments).output().unwrap())
}

fn kubectl(home: &Home, context: &str, arguments: &[&str]) -> String {
    program(home, "kubectl", &[&["--context", context], arguments].concat())
}

/// The names of the contexts of the home's kubeconfig, which must be one that kubectl reads.
fn contexts(home: &Home) -> Vec<String> {
    let mut names: Vec<String> =
        program(home, "kubectl", &["config", "get-contexts", "--output=name"]).lines().map(str::to_owned).collect();
    names.sort();
    names
}

/// How many nodes of a context are ready, as kubectl sees it.
fn ready(home: &Home, context: &str) -> usize {
    let nodes = kubectl(home, context, &["get", "nodes", "--no-headers"]);
    nodes.lines().filter(|line| line.split_whitespace().nth(1) == Some("Ready")).count()
}

/// A call of `kind::create_cluster` with the lab's image.
fn create(name: &str, more: &str) -> String {
    format!("kind::create_cluster({name:?}, #{{ image: {:?}, timeout: \"20m\", {more} }})", node_image())
}

/// Run a piece of script that must change nothing.
fn changes_nothing(home: &Home, code: &str) {
    let output = home.run(&["--log", "json", "-e", code]);
    succeeds(&output);
    let told = text(&output.stderr);
    let events = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ended: Vec<Value> = events.filter(|event| event["event"] == "call_ended").collect();
    assert!(!ended.is_empty(), "{told}");
    assert!(ended.iter().all(|event| event["changes"] == serde_json::json!([])), "{told}");
}

#[test]
fn a_cluster_works_with_kind_and_kubectl_and_a_repeat_changes_nothing() {
    let Some(_lab) = lab("a_cluster_works_with_kind_and_kubectl_and_a_repeat_changes_nothing") else { return };
    let (_gone, home) = (Gone::clusters(&["mrc-one"]), Home::new());
    let made = create("mrc-one", "context: \"one\", server: \"node\"");
    let cluster = value(&home, &made);
    assert_eq!((&cluster["name"], &cluster["context"]), (&"mrc-one".into(), &"one".into()), "{cluster}");
    assert_eq!(cluster["server"], cluster["internal_server"], "{cluster}");
    assert_eq!(cluster["network"], "kind", "{cluster}");
    assert!(program(&home, "kind", &["get", "clusters"]).lines().any(|line| line == "mrc-one"));
    assert_eq!(contexts(&home), ["kind-mrc-one", "one"]);
    assert_eq!((ready(&home, "kind-mrc-one"), ready(&home, "one")), (1, 1));
    changes_nothing(&home, &made);
    assert_eq!(value(&home, &made), cluster);

    let other = home.run(&["-e", &create("mrc-one", "workers: 1")]);
    assert_eq!(other.status.code(), Some(1), "{}", whole(&other));
    assert!(text(&other.stderr).contains("workers: wanted 1, has 0"), "{}", whole(&other));

    // The other one's entries in the kubeconfig are not kind's to remove: meshrun does it.
    program(&home, "kind", &["delete", "cluster", "--name", "mrc-one"]);
    assert_eq!(contexts(&home), ["one"]);
    assert_eq!(value(&home, "kind::delete_cluster(\"mrc-one\")"), true);
    assert_eq!(contexts(&home), [""; 0]);
    assert_eq!(value(&home, "kind::delete_cluster(\"mrc-one\")"), false);
}

#[test]
fn what_kind_has_made_is_listed_used_and_deleted() {
    let Some(_lab) = lab("what_kind_has_made_is_listed_used_and_deleted") else { return };
    let (_gone, home) = (Gone::clusters(&["mrc-theirs"]), Home::new());
    program(&home, "kind", &["create", "cluster", "--name", "mrc-theirs", "--image", &node_image()]);
    assert!(value(&home, "kind::clusters()").as_array().unwrap().contains(&"mrc-theirs".into()));
    let nodes = value(&home, "kind::nodes(\"mrc-theirs\")");
    assert_eq!((&nodes[0]["role"], &nodes[0]["state"]), (&"control-plane".into(), &"running".into()), "{nodes}");

    let apply = |cluster: &str| format!("kube::create_namespace({cluster}, \"mrc-used\")");
    let refused = home.run(&["-e", &apply("kind::cluster(\"mrc-theirs\")")]);
    assert!(text(&refused.stderr).contains("--allow-context kind-mrc-theirs"), "{}", whole(&refused));
    // Asked for by its name, it is taken as it is, and is meshrun's to change from then on.
    value(&home, &apply(&create("mrc-theirs", "")));
    kubectl(&home, "kind-mrc-theirs", &["get", "namespace", "mrc-used"]);

    assert_eq!(value(&home, "kind::delete_cluster(\"mrc-theirs\")"), true);
    assert!(!program(&home, "kind", &["get", "clusters"]).lines().any(|line| line == "mrc-theirs"));
    assert_eq!(contexts(&home), [""; 0]);
}

/// A script that makes two clusters side by side.
fn two() -> String {
    let create =
        create("mrc-NAME", "context: \"NAME\"").replace("\"mrc-NAME\"", "`mrc-${name}`").replace("\"NAME\"", "name");
    format!("each_parallel([\"east\", \"west\"], |name| {create});")
}

fn interrupt(running: &Child) {
    let pid = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

/// Wait until a container of this name runs, or the run has ended.
fn wait_for_container(name: &str, running: &mut Child) {
    let end = Instant::now() + LONG;
    while Instant::now() < end {
        let found =
            Command::new("docker").args(["ps", "--quiet", "--filter", &format!("name={name}")]).output().unwrap();
        if !found.stdout.is_empty() || running.try_wait().unwrap().is_some() {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("no container {name}");
}

#[test]
fn two_are_made_side_by_side_after_an_interruption() {
    let Some(_lab) = lab("two_are_made_side_by_side_after_an_interruption") else { return };
    let (_gone, home) = (Gone::clusters(&["mrc-east", "mrc-west"]), Home::new());
    let mut running = home.meshrun(&["-e", &two()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_container("mrc-east-control-plane", &mut running);
    interrupt(&running);
    let interrupted = Instant::now();
    let output = running.wait_with_output().unwrap();
    eprintln!("ended {:.1} s after the interruption", interrupted.elapsed().as_secs_f64());
    assert_eq!(output.status.code(), Some(130), "{}", whole(&output));
    assert_eq!(contexts(&home), [""; 0]);

    succeeds(&home.run(&["-e", &two()]));
    assert_eq!(contexts(&home), ["east", "kind-mrc-east", "kind-mrc-west", "west"]);
    assert_eq!((ready(&home, "east"), ready(&home, "west")), (1, 1));
    changes_nothing(&home, &two());
}

#[test]
fn a_plan_finds_two_clusters_as_they_are() {
    let Some(_lab) = lab("a_plan_finds_two_clusters_as_they_are") else { return };
    let (_gone, home) = (Gone::clusters(&["mrc-east", "mrc-west"]), Home::new());
    let script = home.path().join("two.rhai").to_string_lossy().into_owned();
    std::fs::write(&script, two()).unwrap();
    succeeds(&home.run(&[&script]));
    let before = std::fs::read(home.path().join("kubeconfig")).unwrap();
    let plan = succeeds(&home.run(&["plan", &script]));
    for cluster in ["mrc-east", "mrc-west"] {
        assert!(plan.contains(&format!("start: kind cluster {cluster}: Kubernetes v1.27.3")), "{plan}");
    }
    assert!(plan.contains("\nnothing changes, rehearsed"), "{plan}");
    let more =
        two() + "kube::create_namespace(\"east\", \"mrc-planned\");\nkube::wait(\"west\", \"nodes\", \"ready\");";
    std::fs::write(&script, more).unwrap();
    let plan = succeeds(&home.run(&["plan", "--json", &script]));
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let operations: Vec<&Value> = plan["effects"].as_array().unwrap().iter().map(|one| &one["operation"]).collect();
    assert_eq!(operations, ["kube::create_namespace"], "{plan:#}");
    // Nothing of that was real.
    assert!(!kubectl(&home, "east", &["get", "namespaces", "--output=name"]).contains("mrc-planned"));
    assert_eq!(std::fs::read(home.path().join("kubeconfig")).unwrap(), before);
}

#[test]
fn a_control_plane_with_two_workers() {
    let Some(_lab) = lab("a_control_plane_with_two_workers") else { return };
    let (_gone, home) = (Gone::clusters(&["mrc-workers"]), Home::new());
    let made = create("mrc-workers", "workers: 2, labels: #{ tier: \"test\" }");
    value(&home, &made);
    assert_eq!(ready(&home, "kind-mrc-workers"), 3);
    let labelled = kubectl(&home, "kind-mrc-workers", &["get", "nodes", "--no-headers", "--selector", "tier=test"]);
    assert_eq!(labelled.lines().count(), 3, "{labelled}");
    changes_nothing(&home, &made);
}

#[test]
fn three_control_planes_behind_the_load_balancer() {
    let Some(_lab) = lab("three_control_planes_behind_the_load_balancer") else { return };
    let (_gone, home) = (Gone::clusters(&["mrc-planes"]), Home::new());
    value(&home, &create("mrc-planes", "control_planes: 3"));
    assert_eq!(ready(&home, "kind-mrc-planes"), 3);
    let roles: Vec<Value> =
        value(&home, "kind::nodes(\"mrc-planes\").map(|node| node.role)").as_array().unwrap().clone();
    assert_eq!(roles, ["control-plane", "control-plane", "control-plane", "external-load-balancer"]);
}

#[test]
fn three_at_once_on_a_network_that_does_not_exist_yet() {
    let Some(_lab) = lab("three_at_once_on_a_network_that_does_not_exist_yet") else { return };
    let clusters = &["mrc-a", "mrc-b", "mrc-c"];
    let (_gone, home) = (Gone::with_network(clusters, Some("mrc-network")), Home::new());
    let create = create("NAME", "network: \"mrc-network\"").replace("\"NAME\"", "name");
    succeeds(&home.run(&["-e", &format!("each_parallel([\"mrc-a\", \"mrc-b\", \"mrc-c\"], |name| {create});")]));
    for cluster in clusters {
        assert_eq!(ready(&home, &format!("kind-{cluster}")), 1);
    }
    let networks = program(&home, "docker", &["network", "ls", "--quiet", "--filter", "name=^mrc-network$"]);
    assert_eq!(networks.lines().count(), 1, "{networks}");
}

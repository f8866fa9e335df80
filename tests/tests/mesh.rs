//! The main job on a real engine: from nothing to a verified mesh, also after being killed; and what is said when it cannot end.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    collections::BTreeMap,
    process::{Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use meshrun_tests::{Home, Peers, lab, mesh_images};
use serde_json::Value;

const CLUSTERS: [&str; 2] = ["cluster1", "cluster2"];
const SCRIPT: &str = "scripts/multi-primary.rhai";
/// What a stock Envoy needs of istiod: the lab's images have one.
const STOCK_ENVOY: &str = "tests/fixtures/stock-envoy.yaml";
/// Breaks a mesh in several ways, and prints what still answers.
const SYMPTOMS: &str = "tests/fixtures/symptoms.rhai";

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn succeeds(output: &Output) -> (String, String) {
    let (out, err) = texts(output);
    assert!(output.status.success(), "{out}\n{err}");
    (out, err)
}

/// The counts that the script's table shows: from, v1, v2.
fn counts(out: &str) -> Vec<(String, u32, u32)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        match cells[..] {
            [from, v1, v2] => Some((from.to_owned(), v1.parse().ok()?, v2.parse().ok()?)),
            _ => None,
        }
    };
    out.lines().filter_map(row).collect()
}

fn assert_traffic(out: &str) {
    let counts = counts(out);
    assert_eq!(counts.iter().map(|(from, ..)| from.as_str()).collect::<Vec<_>>(), CLUSTERS, "{out}");
    for (from, v1, v2) in &counts {
        assert!(*v1 > 0 && *v2 > 0 && v1 + v2 == 20, "from {from}: {out}");
    }
}

/// The calls of a run that changed something, from its log.
fn done(log: &str) -> Vec<Value> {
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events
        .filter(|event| {
            event["event"] == "call_ended" && event["changes"].as_array().is_some_and(|all| !all.is_empty())
        })
        .collect()
}

/// What was changed by branch, in order: operation, subject, changes. Files have the names that they have for the user; the engine of the lab
/// has the network and the image already.
fn by_branch(effects: &[Value], home: &Home) -> BTreeMap<String, Vec<String>> {
    let folder = home.path().display().to_string();
    let own = |text: &str| text.replace(&format!("{folder}/kubeconfig"), "~/.kube/config").replace(&folder, "~");
    let mut branches = BTreeMap::<String, Vec<String>>::new();
    for effect in effects {
        let changes = effect["changes"].as_array().into_iter().flatten().filter_map(Value::as_str).map(own);
        let mut changes: Vec<String> =
            changes.filter(|change| !change.starts_with("pulled image") && change != "created network kind").collect();
        changes.sort();
        let call = format!("{} {}: {}", effect["operation"], own(&effect["subject"].to_string()), changes.join(", "));
        branches.entry(effect["branch"].to_string()).or_default().push(call);
    }
    branches
}

#[test]
fn a_mesh_whose_images_do_not_exist_ends_with_the_pod_the_image_and_the_reason() {
    let test = "a_mesh_whose_images_do_not_exist_ends_with_the_pod_the_image_and_the_reason";
    let Some(_lab) = lab(test) else { return };
    let Some(home) = Home::with_releases(test) else { return };
    let home = home.of_clusters(&CLUSTERS);
    let arguments = [
        SCRIPT,
        "--timeout",
        "3m",
        "--set",
        "values.global.tag=none-such",
        "--set",
        "values.global.hub=docker.io/none",
    ];
    let output = home.run(&arguments);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{out}\n{err}");
    for part in ["istiod-", "docker.io/none/pilot:none-such", "Pull"] {
        assert!(err.contains(part), "`{part}` is missing in\n{err}");
    }
}

#[test]
fn multi_primary_from_an_empty_engine_answers_from_both_clusters() {
    let test = "multi_primary_from_an_empty_engine_answers_from_both_clusters";
    let Some(_lab) = lab(test) else { return };
    if !mesh_images(test) {
        return;
    }
    let Some(home) = Home::with_releases(test) else { return };
    let home = home.of_clusters(&CLUSTERS);
    let started = Instant::now();
    let (out, log) = succeeds(&home.run(&["--log", "json", SCRIPT, "-f", STOCK_ENVOY]));
    eprintln!("multi-primary took {:.1} s", started.elapsed().as_secs_f64());
    assert_traffic(&out);
    let planned = |from: &str| -> Value {
        let (planned, _) = succeeds(&home.run(&["plan", "--json", "--from", from, SCRIPT, "-f", STOCK_ENVOY]));
        serde_json::from_str(&planned).unwrap()
    };
    let from_nothing = planned("empty");
    assert_eq!(by_branch(&done(&log), &home), by_branch(from_nothing["effects"].as_array().unwrap(), &home));
    let from_here = planned("peers");
    assert_eq!(from_here["effects"], serde_json::json!([]), "{from_here:#}");
    let (out, err) = succeeds(&home.run(&[SCRIPT, "-f", STOCK_ENVOY]));
    assert_traffic(&out);
    assert!(err.contains(", nothing changed"), "{err}");
    // A broken mesh shows the same on real and on simulated peers.
    let (real, _) = succeeds(&home.run(&[SYMPTOMS]));
    let simulated = Home::new();
    let peers = Peers::after(&simulated, &[SCRIPT]);
    let (told, _) = succeeds(&peers.run(&simulated, &[SYMPTOMS]));
    assert_eq!(real, told);
}

#[test]
fn multi_primary_arrives_although_it_was_killed_five_times() {
    let test = "multi_primary_arrives_although_it_was_killed_five_times";
    let Some(_lab) = lab(test) else { return };
    if !mesh_images(test) {
        return;
    }
    let Some(home) = Home::with_releases(test) else { return };
    let home = home.of_clusters(&CLUSTERS);
    for after in [3, 12, 20, 12, 16] {
        let mut running = home
            .meshrun(&[SCRIPT, "-f", STOCK_ENVOY, "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_secs(after));
        running.kill().unwrap(); // SIGKILL; it may have ended by itself before
        running.wait().unwrap();
    }
    let (out, _) = succeeds(&home.run(&[SCRIPT, "-f", STOCK_ENVOY]));
    assert_traffic(&out);
}

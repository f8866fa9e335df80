//! Every example runs to its end: on simulated peers of its own, or on those that `meshrun sim` keeps for other clients.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::process::Output;

use meshrun_tests::{Home, Peers, root, whole};

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", whole(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The miniature releases, which lie in the repository.
fn releases() -> String {
    root().join("runtime/sim/release").to_string_lossy().into_owned()
}

#[test]
fn three_clusters_on_two_networks() {
    let out = succeeds(&Home::new().run(&["--sim", "examples/three-clusters.rhai"]));
    for from in ["west", "centre", "east"] {
        assert!(out.lines().any(|line| line.starts_with(from)), "{out}");
    }
}

#[test]
fn workers_a_port_and_a_mirror() {
    let out = succeeds(&Home::new().run(&["--sim", "examples/workers-and-mirror.rhai"]));
    assert!(out.contains("workers-worker2") && out.contains("workers-control-plane"), "{out}");
}

#[test]
fn a_mesh_of_existing_contexts() {
    let home = Home::new();
    let peers = Peers::after(&home, &["scripts/create-cluster.rhai"]);
    let releases = releases();
    let run = |words: &[&str]| succeeds(&peers.run(&home, &[&["--release-dir", &releases], words].concat()));
    run(&["scripts/metallb.rhai"]);
    let out = run(&["examples/existing-contexts.rhai", "--contexts", "cluster1,cluster2"]);
    assert!(out.contains("cluster1") && out.contains("cluster2"), "{out}");
}

#[test]
fn an_operator_of_ones_own() {
    let home = Home::new();
    let peers = Peers::after(&home, &["scripts/create-cluster.rhai", "--clusters", "1"]);
    let words = ["--release-dir", &releases(), "examples/own-operator.rhai", "--context", "cluster1"];
    let out = succeeds(&peers.run(&home, &words));
    assert!(out.contains("1.20.1"), "{out}");
}

#[test]
fn failover_between_regions() {
    let home = Home::new();
    let peers = Peers::after(&home, &["scripts/multi-primary.rhai"]);
    let out = succeeds(&peers.run(&home, &["examples/failover.rhai"]));
    assert!(out.contains("v1") && out.contains("v2"), "{out}");
}

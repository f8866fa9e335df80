//! The scripts against simulated peers: to their verified end, planned, and broken as in life.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::process::Output;

use meshrun_tests::{Home, whole};

fn succeeds(output: &Output) -> (String, String) {
    assert!(output.status.success(), "{}", whole(output));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn clusters_are_made_and_the_subnet_is_shown() {
    let (out, err) = succeeds(&Home::new().run(&["--sim", "scripts/create-cluster.rhai", "--clusters", "3"]));
    for part in ["cluster1", "cluster2", "cluster3", "The subnet of network kind is 172."] {
        assert!(out.contains(part), "{out}");
    }
    assert!(err.contains("simulated"), "{err}");
}

#[test]
fn multi_primary_ends_with_both_versions_from_both_clusters() {
    let (out, err) = succeeds(&Home::new().run(&["--sim", "scripts/multi-primary.rhai"]));
    for from in ["cluster1", "cluster2"] {
        let row = out.lines().find(|line| line.starts_with(from)).unwrap();
        let counts: Vec<u32> = row.split_whitespace().skip(1).map(|count| count.parse().unwrap()).collect();
        assert!(
            counts.len() == 2 && counts.iter().all(|count| *count > 0) && counts.iter().sum::<u32>() == 20,
            "{out}"
        );
    }
    assert!(err.contains("simulated"), "{err}");
}

#[test]
fn a_plan_lists_the_effects_and_is_the_same_twice() {
    let plan = || succeeds(&Home::new().run(&["plan", "--from", "empty", "scripts/multi-primary.rhai"])).0;
    let first = plan();
    for part in ["kind::create_cluster cluster1", "metallb::install", "istio::install", "simulated peers"] {
        assert!(first.contains(part), "`{part}` is missing in\n{first}");
    }
    assert_eq!(effects(&first), effects(&plan()));
}

/// What is changed, wherever: which of two clusters makes the network that both need is a race, and who comes late pulls nothing.
fn effects(plan: &str) -> Vec<&str> {
    let mut lines: Vec<&str> =
        plan.lines().filter(|line| line.starts_with("    ") && !line.contains("pulled image")).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn an_unknown_fault_names_the_known() {
    let output = Home::new().run(&["--sim", "--fault", "rain=1", "-e", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("no-address=CLUSTER"), "{said}");
}

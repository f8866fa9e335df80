//! The main job, from an empty engine to counted traffic, against the article's way: kind, kubectl, istioctl and openssl one after the other. Needs
//! the lab with real images, `MESHRUN_UPSTREAM`, and those programs.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use meshrun_tests::{delete_cluster, lab, mesh_images, skip, upstream};

/// What the lab's images of Istio, which have a stock Envoy, need.
const STOCK_ENVOY: &str = "tests/fixtures/stock-envoy.yaml";
/// Both ways make clusters of these names.
const CLUSTERS: [&str; 2] = ["cluster1", "cluster2"];
const PROGRAMS: [&str; 4] = ["kind", "kubectl", "istioctl", "openssl"];

fn main() {
    let Some(_lab) = lab("mesh") else { return };
    let Some(releases) = upstream("mesh") else { return };
    if !mesh_images("mesh") || !PROGRAMS.iter().all(|program| is_there(program)) {
        return;
    }
    let binary = meshrun_benches::binary();
    let ours = timed(|home| {
        let mut command = Command::new(&binary);
        command.args(["scripts/multi-primary.rhai", "--filename", STOCK_ENVOY]).env("MESHRUN_RELEASES", &releases);
        command.env("HOME", home);
        command
    });
    let theirs = timed(|_| {
        let mut command = Command::new("benches/article.sh");
        command.arg("cluster").arg(&releases).args(["--filename", STOCK_ENVOY]);
        command
    });
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
    meshrun_benches::print_ratio(("meshrun, multi-primary", ours), ("the article's way", theirs));
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$0\"", program]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        skip("mesh", &format!("`{program}` is not installed"));
    }
    found
}

/// The time of one run in a home of its own, with no cluster before and after it.
fn timed(command: impl Fn(&Path) -> Command) -> Option<Duration> {
    CLUSTERS.iter().for_each(|cluster| delete_cluster(cluster));
    let home = meshrun_benches::home()?;
    let mut command = command(home.path());
    command.current_dir(meshrun_benches::root()).env("KUBECONFIG", home.path().join("kubeconfig"));
    let time = meshrun_benches::time_aloud(command);
    CLUSTERS.iter().for_each(|cluster| delete_cluster(cluster));
    time
}

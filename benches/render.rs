//! Rendering Istio's default profile, against `helm template` of the same charts. Needs MESHRUN_UPSTREAM and helm.

use std::{path::Path, process::Command};

fn main() {
    let Some(upstream) = std::env::var_os("MESHRUN_UPSTREAM") else {
        println!("skipped: MESHRUN_UPSTREAM is not set");
        return;
    };
    let (upstream, meshrun) = (Path::new(&upstream).to_owned(), meshrun_benches::binary());
    let ours = || {
        let mut command = Command::new(&meshrun);
        command
            .arg("--release-dir")
            .arg(&upstream)
            .arg("scripts/istio-manifest.rhai")
            .current_dir(meshrun_benches::root());
        command
    };
    let charts = upstream.join("istio-1.20.1/manifests/charts");
    // istioctl renders base, istiod and the ingress gateway for the default profile: one helm process each.
    let theirs = || {
        let mut command = Command::new("sh");
        let line = "helm template istio base -n istio-system --include-crds && \
                    helm template istio istio-control/istio-discovery -n istio-system && \
                    helm template istio gateways/istio-ingress -n istio-system";
        command.args(["-c", line]).current_dir(&charts);
        command
    };
    meshrun_benches::compare(11, ("meshrun istio-manifest", ours), ("helm template of its charts", theirs));
}

//! Two clusters with meshrun, against two `kind create cluster` one after the other. Needs the lab and kind.

use std::process::{Command, Stdio};

const ROUNDS: usize = 3;

fn main() {
    if std::env::var("MESHRUN_LAB").as_deref() != Ok("1") {
        println!("skipped: MESHRUN_LAB is not set");
        return;
    }
    let meshrun = meshrun_benches::binary();
    let Some(home) = meshrun_benches::home() else { return };
    let kubeconfig = home.path().join("kubeconfig");
    let image = std::env::var("KIND_IMAGE").unwrap_or_else(|_| "kindest/node:v1.27.3".to_owned());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut create = Command::new(&meshrun);
        create
            .args(["scripts/create-cluster.rhai", "--clusters", "2", "--prefix", "bench"])
            .current_dir(meshrun_benches::root());
        ours.extend(meshrun_benches::time(with(create, &kubeconfig)));
        delete(&kubeconfig);
        let mut create = Command::new("sh");
        create.args(["-c", "kind create cluster --wait 120s --name bench1 --image \"$0\" && kind create cluster --wait 120s --name bench2 --image \"$0\"", &image]);
        theirs.extend(meshrun_benches::time(with(create, &kubeconfig)));
        delete(&kubeconfig);
    }
    let (ours, theirs) = (meshrun_benches::median(ours), meshrun_benches::median(theirs));
    meshrun_benches::print_ratio(("meshrun, two clusters", ours), ("kind, one after the other", theirs));
}

fn with(mut command: Command, kubeconfig: &std::path::Path) -> Command {
    command.env("KUBECONFIG", kubeconfig);
    command
}

fn delete(kubeconfig: &std::path::Path) {
    for name in ["bench1", "bench2"] {
        let mut command = Command::new("kind");
        command
            .args(["delete", "cluster", "--name", name])
            .env("KUBECONFIG", kubeconfig)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if !command.status().is_ok_and(|status| status.success()) {
            println!("cannot delete {name}");
        }
    }
}

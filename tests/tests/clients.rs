//! kubectl and docker against simulated peers and, in the lab, against real ones: what they print is written down in transcripts, with
//! each difference and its reason.
//!
//! `MESHRUN_RECORD=1` writes the transcripts anew: the simulated side always, the real side when the lab is there.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

#[path = "clients/normal.rs"]
mod normal;
#[path = "clients/transcript.rs"]
mod transcript;

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use meshrun_tests::{Home, Peers, lab, push, root, skip, whole};
use transcript::{Side, Transcript};

const CLUSTER: &str = "mrcl1";
const CREATE: [&str; 7] =
    ["scripts/create-cluster.rhai", "--clusters", "1", "--prefix", "mrcl", "--image", "kindest/node:v1.27.3"];
/// What `docker pull` finds in the lab's registry.
const IMAGE: &str = "mrcl/box:1";

fn fixtures() -> PathBuf {
    root().join("tests/fixtures/clients")
}

fn recording() -> bool {
    std::env::var("MESHRUN_RECORD").as_deref() == Ok("1")
}

/// Whether a client is installed in the version of the transcript, otherwise a note that `test` was skipped.
fn installed(test: &str, program: &str, version: &[&str], wanted: &str) -> bool {
    let said = Command::new(program).args(version).output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    if !said.contains(wanted) {
        skip(test, &format!("there is no {program} of version {wanted}"));
    }
    said.contains(wanted)
}

fn kubectl(test: &str) -> bool {
    installed(test, "kubectl", &["version", "--client", "--output=json"], "v1.27.")
}

fn docker(test: &str) -> bool {
    installed(test, "docker", &["--version"], "version 28.")
}

/// Run the commands of a transcript, and compare what they print with it, or write it down. Returns the commands that print something else.
fn differing(name: &str, side: Side, run: impl Fn(&str) -> Output) -> Vec<String> {
    let path = fixtures().join(name);
    let mut written =
        Transcript::parse(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let wrong = written.run(side, run);
    if recording() {
        std::fs::write(&path, written.to_string()).unwrap();
        return Vec::new();
    }
    wrong
}

fn assert_none(name: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{name}: {} commands print something else:\n{}", wrong.len(), wrong.join("\n"));
}

/// A port of this machine that nobody listens at.
fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// A command line in the shell, in the folder of the manifests; `$PORT` is a free port of this machine.
fn shell(mut command: Command, line: &str) -> Output {
    let line = format!("exec 2>&1; {line}");
    command.args(["-c", &line]).env("PORT", free_port()).current_dir(fixtures()).output().unwrap()
}

fn on_simulated_peers(name: &str) {
    let home = Home::new();
    let peers = Peers::after(&home, &CREATE);
    assert_none(name, &differing(name, Side::Simulated, |line| shell(peers.program(&home, "sh"), line)));
}

/// Real peers race: a command that prints something else is wrong when it does so on a second cluster, too.
fn on_real_peers(name: &str, prepare: impl Fn()) {
    let once = || {
        prepare();
        let home = Home::new().of_clusters(&[CLUSTER]);
        let made = home.run(&CREATE);
        assert!(made.status.success(), "{}", whole(&made));
        differing(name, Side::Real, |line| shell(home.program("sh", &[]), line))
    };
    let first = once();
    if first.is_empty() {
        return;
    }
    eprintln!("{name}: once more, for these print something else:\n{}", first.join("\n"));
    let command = |one: &str| one.lines().next().unwrap_or_default().to_owned();
    let commands: Vec<String> = first.iter().map(|one| command(one)).collect();
    let again: Vec<String> = once().into_iter().filter(|one| commands.contains(&command(one))).collect();
    assert_none(name, &again);
}

/// Remove what the transcript of docker may have left on a real engine.
fn remove_of_docker() {
    for left in [
        &["rm", "--force", "--volumes", "mrcl-box", "mrcl-once"][..],
        &["network", "rm", "mrcl-net"],
        &["volume", "rm", "mrcl-volume"],
        &["rmi", "127.0.0.1:5001/mrcl/box:1"],
    ] {
        let _nothing = Command::new("docker").args(left).output(); // most often nothing is left
    }
}

#[test]
fn kubectl_prints_what_is_written_down_on_simulated_peers() {
    if kubectl("kubectl_prints_what_is_written_down_on_simulated_peers") {
        on_simulated_peers("kubectl.txt");
    }
}

#[test]
fn kubectl_prints_what_is_written_down_on_a_real_cluster() {
    let test = "kubectl_prints_what_is_written_down_on_a_real_cluster";
    let Some(_lab) = lab(test) else { return };
    if kubectl(test) {
        on_real_peers("kubectl.txt", || {});
    }
}

#[test]
fn docker_prints_what_is_written_down_on_simulated_peers() {
    if docker("docker_prints_what_is_written_down_on_simulated_peers") {
        on_simulated_peers("docker.txt");
    }
}

#[test]
fn docker_prints_what_is_written_down_on_a_real_engine() {
    let test = "docker_prints_what_is_written_down_on_a_real_engine";
    let Some(_lab) = lab(test) else { return };
    if !docker(test) {
        return;
    }
    on_real_peers("docker.txt", || {
        remove_of_docker();
        push("lab/base:latest", IMAGE);
        remove_of_docker();
    });
    remove_of_docker();
}

#[test]
fn each_difference_has_its_reason() {
    for name in ["kubectl.txt", "docker.txt"] {
        let written = Transcript::parse(&std::fs::read_to_string(fixtures().join(name)).unwrap()).unwrap();
        assert_eq!(written.unexplained(), Vec::<&str>::new(), "{name}");
    }
}

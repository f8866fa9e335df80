//! What tests share: whether the lab and the upstream data are there, and the binary as a user drives it.
//!
//! A test whose surroundings are missing says so, past the harness' capture of output, and passes.

#![allow(clippy::panic)] // these are tests: what cannot be set up fails them

mod clusters;
mod home;
mod peers;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

pub use clusters::{KindCluster, delete_cluster, node_image, succeed_with};
pub use home::Home;
pub use peers::Peers;

/// Say that a test was skipped, and why. The harness captures what macros print, so this writes to the stream itself.
pub fn skip(test: &str, reason: &str) {
    let line = format!("skipped: {test}: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes()); // a closed stream loses the note, not the test
}

/// The lab: a real Docker engine with a real node image. Held by one test at a time, also across processes, since whole
/// clusters would starve each other.
#[derive(Debug)]
pub struct Lab {
    _lock: File,
}

/// The lab when `MESHRUN_LAB=1`, otherwise a note that `test` was skipped.
pub fn lab(test: &str) -> Option<Lab> {
    if std::env::var("MESHRUN_LAB").as_deref() != Ok("1") {
        skip(test, "MESHRUN_LAB is not set");
        return None;
    }
    let path = std::env::temp_dir().join("meshrun-lab.lock");
    let lock =
        File::options().create(true).truncate(false).write(true).open(path).and_then(|file| file.lock().map(|()| file));
    match lock {
        Ok(lock) => Some(Lab { _lock: lock }),
        Err(error) => panic!("cannot lock the lab: {error}"),
    }
}

/// The folder of upstream data that `MESHRUN_UPSTREAM` names, otherwise a note that `test` was skipped.
pub fn upstream(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MESHRUN_UPSTREAM").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        skip(test, "MESHRUN_UPSTREAM does not name a folder");
    }
    folder
}

/// Whether the lab's registry has the images that a whole mesh needs, otherwise a note that `test` was skipped.
pub fn mesh_images(test: &str) -> bool {
    const IMAGES: [&str; 7] = [
        "istio/pilot:1.20.1",
        "istio/proxyv2:1.20.1",
        "metallb/controller:v0.13.10",
        "metallb/speaker:v0.13.10",
        "istio/examples-helloworld-v1:latest",
        "istio/examples-helloworld-v2:latest",
        "curlimages/curl:latest",
    ];
    has_images(test, &IMAGES)
}

/// Whether the lab's registry has these images, each with its tag, otherwise a note that `test` was skipped.
pub fn has_images(test: &str, images: &[&str]) -> bool {
    let missing = images.iter().find(|image| !in_registry(image));
    if let Some(image) = missing {
        skip(test, &format!("the lab's registry has no {image}"));
    }
    missing.is_none()
}

/// Put an image of the local engine into the lab's registry under another name, for nodes to pull.
pub fn push(image: &str, name: &str) {
    let there = format!("127.0.0.1:5001/{name}");
    let _ = succeed_with("docker", &["tag", image, &there]);
    let _ = succeed_with("docker", &["push", "--quiet", &there]);
}

fn in_registry(image: &str) -> bool {
    let (repository, tag) = image.split_once(':').unwrap_or((image, "latest"));
    let url = format!("http://127.0.0.1:5001/v2/{repository}/manifests/{tag}");
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json";
    let asked =
        Command::new("curl").args(["--silent", "--fail", "--output", "/dev/null", "--header", accept, &url]).status();
    asked.is_ok_and(|status| status.success())
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The binary, built once.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let folder = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.parent()?.to_owned()));
        let path = folder.unwrap_or_else(|| root().join("target/debug")).join("meshrun");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "meshrun"]).current_dir(root());
        if path.parent().is_some_and(|folder| folder.ends_with("release")) {
            build.arg("--release");
        }
        assert!(build.status().is_ok_and(|status| status.success()), "the binary does not build");
        path
    })
}

/// meshrun with these arguments, in a home folder and kubeconfig of its own below `home`.
pub fn meshrun(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(root())
        .env("HOME", home)
        .env("KUBECONFIG", home.join("kubeconfig"))
        .env_remove("MESHRUN_RELEASES")
        .env_remove("MESHRUN_LIB");
    command
}

/// Run it and return what it printed.
pub fn run(home: &Path, arguments: &[&str]) -> Output {
    match meshrun(home, arguments).output() {
        Ok(output) => output,
        Err(error) => panic!("cannot start meshrun: {error}"),
    }
}

/// Its two outputs and exit code as one text, for snapshots.
pub fn whole(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n--- out\n{out}--- err\n{err}", output.status.code().unwrap_or(-1))
}

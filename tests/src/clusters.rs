//! Clusters that the `kind` command makes for a test, and the end of every cluster of a test, also of one that failed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

/// How long the containers of a cluster may take to go.
const REMOVAL: Duration = Duration::from_secs(180);
/// Where a host with control groups of the first version keeps those of its freezer.
const FREEZER: &str = "/sys/fs/cgroup/freezer";

/// A cluster that the `kind` command has made; it is deleted with this value.
#[derive(Debug)]
pub struct KindCluster {
    name: String,
    folder: tempfile::TempDir,
}

impl KindCluster {
    /// Make it, in place of any of that name, from the lab's node image and with more arguments for `kind create cluster`.
    #[must_use]
    pub fn create(name: &str, more: &[&str]) -> Self {
        delete_cluster(name);
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for a kubeconfig: {error}"));
        let cluster = Self { name: name.to_owned(), folder };
        let kubeconfig = cluster.kubeconfig().display().to_string();
        let image = node_image();
        let create = ["create", "cluster", "--name", name, "--image", &image, "--kubeconfig", &kubeconfig];
        succeed("kind", &[&create, more].concat());
        cluster
    }

    /// Its kubeconfig file; its context is `kind-NAME`.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for KindCluster {
    fn drop(&mut self) {
        delete_cluster(&self.name);
    }
}

/// The image that the lab's nodes are made of.
#[must_use]
pub fn node_image() -> String {
    std::env::var("KIND_IMAGE").unwrap_or_else(|_| "kindest/node:v1.27.3".to_owned())
}

/// Remove all containers of a cluster, whoever made it, and the volumes that only they had. Told on standard error when that
/// does not work, for it is called while a failed test unwinds.
pub fn delete_cluster(name: &str) {
    let until = Instant::now() + REMOVAL;
    loop {
        let left = containers(name);
        if left.is_empty() {
            return;
        }
        let mut remove = vec!["rm", "--force", "--volumes"];
        remove.extend(left.iter().map(String::as_str));
        let said = output("docker", &remove);
        if said.status.success() {
            continue;
        }
        if Instant::now() > until {
            eprintln!("cluster {name} is left behind: {}", String::from_utf8_lossy(&said.stderr));
            return;
        }
        left.iter().for_each(|id| thaw(id));
        thread::sleep(Duration::from_secs(2));
    }
}

fn containers(cluster: &str) -> Vec<String> {
    let label = format!("label=io.x-k8s.kind.cluster={cluster}");
    let listed = output("docker", &["ps", "--all", "--quiet", "--no-trunc", "--filter", &label]);
    String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect()
}

/// Thaw what is frozen in a container: with control groups of the first version the engine's runtime leaves a container that it
/// was starting inside of a node frozen now and then, and what is frozen cannot be killed.
fn thaw(container: &str) {
    for below in ["docker", "."] {
        thaw_below(&Path::new(FREEZER).join(below).join(container));
    }
}

fn thaw_below(group: &Path) {
    let _ = fs::write(group.join("freezer.state"), "THAWED"); // no such group, or another version of groups
    let Ok(entries) = fs::read_dir(group) else { return };
    entries.flatten().filter(|entry| entry.path().is_dir()).for_each(|entry| thaw_below(&entry.path()));
}

/// Run a program that must succeed, and return what it printed.
#[must_use]
pub fn succeed_with(program: &str, arguments: &[&str]) -> String {
    let said = output(program, arguments);
    let errors = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8_lossy(&said.stdout).into_owned()
}

fn succeed(program: &str, arguments: &[&str]) {
    let _ = succeed_with(program, arguments);
}

fn output(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("cannot start {program}: {error}"))
}

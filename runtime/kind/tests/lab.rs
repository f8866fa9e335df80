//! The crate against a real engine: set MESHRUN_LAB=1 where one with `KIND_IMAGE` runs. Tests of whole clusters run one after the other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what cannot be set up fails the test

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use meshrun_docker::{Docker, Environment, Where, containers, networks};
use meshrun_kind::{Config, Error, Options, clean_up, clusters, create, delete, nodes};
use meshrun_terms::{Progress, Steps, Timeout};
use miette::Diagnostic;

const LONG: Timeout = Timeout::minutes(10);

/// What is deleted with the test, however it ends.
struct Gone(&'static str);

impl Drop for Gone {
    fn drop(&mut self) {
        meshrun_tests::delete_cluster(self.0);
    }
}

/// Run this against the lab's engine, or say that there is none.
fn in_lab<F: Future<Output = ()> + Send + 'static>(act: impl FnOnce(Docker) -> F) {
    let test = std::thread::current().name().unwrap_or("kind").to_owned();
    let Some(_lab) = meshrun_tests::lab(&test) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let environment = Environment::from_vars(std::env::vars_os());
    let docker = runtime.block_on(Docker::connect(&Where { environment, ..Where::default() })).unwrap();
    // On a thread of the runtime, so that every future is shown to be `Send`.
    runtime.block_on(runtime.spawn(act(docker))).unwrap();
}

fn options(name: &str) -> Options {
    let image = std::env::var("KIND_IMAGE").unwrap_or_else(|_| "kindest/node:v1.27.3".to_owned());
    Options { name: Some(name.parse().unwrap()), image: Some(image.parse().unwrap()), ..Options::default() }
}

/// Steps that are printed with their time, and kept.
fn told() -> (Steps, Arc<Mutex<Vec<Progress>>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let (kept, since) = (Arc::clone(&all), Instant::now());
    let steps = Steps::new(move |progress| {
        println!("{:6.2} {progress:?}", since.elapsed().as_secs_f64());
        kept.lock().unwrap().push(progress);
    });
    (steps, all)
}

fn changes(all: &Mutex<Vec<Progress>>) -> Vec<String> {
    let all = all.lock().unwrap();
    all.iter().filter_map(|one| if let Progress::Changed(what) = one { Some(what.clone()) } else { None }).collect()
}

fn code(error: &Error) -> String {
    error.code().unwrap().to_string()
}

async fn make(docker: &Docker, config: &Config) -> meshrun_kind::Created {
    let (steps, _) = told();
    let since = Instant::now();
    let created = create(docker, config, LONG, &steps).await.unwrap();
    println!("{} after {:.1} s", config.name, since.elapsed().as_secs_f64());
    created
}

/// Run a program and return whether it ended well and what it said.
fn run(argv: &[&str]) -> (bool, String) {
    let output = std::process::Command::new(argv[0]).args(&argv[1..]).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// What `kubectl` says with the cluster's own kubeconfig.
async fn kubectl(docker: &Docker, cluster: &str, arguments: &[&str]) -> String {
    let text = meshrun_kind::kubeconfig(docker, cluster, false).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text.expose()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let (good, said) = run(&[&["kubectl", "--kubeconfig", &path], arguments].concat());
    assert!(good, "{said}");
    said
}

#[test]
fn one_node_is_made_once_and_kind_knows_it() {
    in_lab(async |docker: Docker| {
        let name = "mrk-one";
        let _gone = Gone(name);
        delete(&docker, name, &Steps::silent()).await.unwrap();
        let config = options(name).config().unwrap();
        let created = make(&docker, &config).await;
        assert!(created.changed);
        let (steps, all) = told();
        let since = Instant::now();
        let again = create(&docker, &config, LONG, &steps).await.unwrap();
        println!("again after {:.2} s", since.elapsed().as_secs_f64());
        assert!(!again.changed);
        assert_eq!((again.cluster, changes(&all)), (created.cluster, Vec::new()));
        assert!(kubectl(&docker, name, &["get", "nodes"]).await.contains(" Ready "));
        let node =
            kubectl(&docker, name, &["get", "nodes", "-o", "jsonpath={.items[0].spec}{.items[0].metadata.labels}"])
                .await;
        assert!(node.contains("10.244.0.0/24") && !node.contains("exclude-from"), "{node}");
        // The taint `not-ready` may stand a moment longer than the node is not ready; that of the role must be gone.
        let taints = kubectl(&docker, name, &["get", "nodes", "-o", "jsonpath={.items[*].spec.taints[*].key}"]).await;
        assert!(!taints.contains("node-role.kubernetes.io/"), "{taints}");
        let (_, listed) = run(&["kind", "get", "clusters"]);
        assert!(listed.lines().any(|line| line == name), "{listed}");
        let (good, said) = run(&["kind", "get", "kubeconfig", "--name", name]);
        assert_eq!(
            (good, said.trim_end()),
            (true, meshrun_kind::kubeconfig(&docker, name, false).await.unwrap().expose().trim_end())
        );

        let error = create(
            &docker,
            &Options { workers: Some(1), pod_subnet: Some("10.9.0.0/16".into()), ..options(name) }.config().unwrap(),
            LONG,
            &steps,
        )
        .await
        .unwrap_err();
        assert_eq!(code(&error), "kind::other_shape");
        assert!(
            error.to_string().contains("workers: wanted 1, has 0")
                && error.to_string().contains("pod subnet: wanted `10.9.0.0/16`"),
            "{error}"
        );

        let (good, said) = run(&["kind", "delete", "cluster", "--name", name]);
        assert!(good, "{said}");
        assert!(!clusters(&docker).await.unwrap().contains(&name.to_owned()));
        assert_eq!(delete(&docker, name, &Steps::silent()).await.unwrap(), Vec::<String>::new());
        let _ = (
            nodes(&docker, name).await.unwrap_err(),
            containers::find(&docker, name).await,
            networks::find(&docker, name).await,
            clean_up(&docker, name).await,
        );
    });
}

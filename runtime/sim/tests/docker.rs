//! The simulated engine as clients see it: the project's own library for kind, cases that a real engine passes too, and nonsense.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

#[path = "docker/cases.rs"]
mod cases;

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use meshrun_docker::{Docker, Where, images, pull};
use meshrun_kind as kind;
use meshrun_sim::{Options, Simulation};
use meshrun_terms::{Steps, Timeout};

const LONG: Timeout = Timeout::minutes(5);

async fn peers() -> (Simulation, Docker) {
    let simulation = Simulation::start(Options::default()).await.unwrap();
    let wanted = Where { host: Some(simulation.docker_host()), ..Where::default() };
    let docker = Docker::connect(&wanted).await.unwrap();
    (simulation, docker)
}

fn config(name: &str, workers: u32, planes: u32) -> kind::Config {
    let options = kind::Options {
        name: Some(name.parse().unwrap()),
        image: Some("kindest/node:v1.27.3".parse().unwrap()),
        workers: Some(workers),
        control_planes: Some(planes),
        ..kind::Options::default()
    };
    options.config().unwrap()
}

#[test]
fn a_real_engine_answers_so_too() {
    let Some(_lab) = meshrun_tests::lab("a_real_engine_answers_so_too") else { return };
    // What a run that was broken off has left would be in the way; most often there is nothing.
    for left in [
        &["rm", "--force", "--volumes", "mrconf-a", "mrconf-b", "mrconf-c", "mrconf-second", "mrconf-two"][..],
        &["network", "rm", "mrconf-net"],
        &["volume", "rm", "mrconf-volume"],
    ] {
        let _nothing = std::process::Command::new("docker").args(left).output();
    }
    let failed = cases::run("/var/run/docker.sock");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_made_found_loaded_stopped_started_and_deleted() {
    let (simulation, docker) = peers().await;
    let (config, steps) = (config("west", 1, 1), Steps::silent());
    let created = kind::create(&docker, &config, LONG, &steps).await.unwrap();
    assert!(created.changed);
    assert!(!kind::create(&docker, &config, LONG, &steps).await.unwrap().changed, "a repeat changes nothing");
    assert_eq!(kind::clusters(&docker).await.unwrap(), ["west"]);
    let nodes = kind::nodes(&docker, "west").await.unwrap();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["west-control-plane", "west-worker"]);
    let address = nodes[0].ipv4.unwrap();
    assert_eq!(created.cluster.internal_server, Some(format!("https://{address}:6443")));
    assert!(simulation.world().connect(address.into(), 6443).is_some());
    let kubeconfig = kind::kubeconfig(&docker, "west", false).await.unwrap();
    assert!(kubeconfig.expose().contains(created.cluster.server.as_deref().unwrap()));
    let image = "curlimages/curl:8.1.2".parse().unwrap();
    pull(&docker, &image, &meshrun_docker::Pull::default(), &steps).await.unwrap();
    let loaded = kind::load_images(&docker, "west", std::slice::from_ref(&image), &[], LONG, &steps).await.unwrap();
    assert_eq!(loaded.len(), 2);
    let again = kind::load_images(&docker, "west", &[image], &[], LONG, &steps).await.unwrap();
    assert!(again.is_empty(), "what is there is not loaded again");
    assert_eq!(simulation.world().engine.images_of_node("west-worker"), ["docker.io/curlimages/curl:8.1.2"]);
    let folder = tempfile::tempdir().unwrap();
    kind::export_logs(&docker, "west", folder.path(), &steps).await.unwrap();
    let version = std::fs::read_to_string(folder.path().join("west-worker/kubernetes-version.txt")).unwrap();
    assert_eq!(version, "v1.27.3");
    assert!(kind::stop(&docker, "west", &steps).await.unwrap());
    assert!(kind::start(&docker, "west", LONG, &steps).await.unwrap());
    kind::delete(&docker, "west", &steps).await.unwrap();
    assert!(kind::clusters(&docker).await.unwrap().is_empty());
    assert!(simulation.world().clusters().is_empty(), "the API server went with its last control plane");
    assert_eq!(simulation.unknown(), Vec::<String>::new());
    assert!(images::find(&docker, "kindest/node:v1.27.3").await.unwrap().is_some());
    simulation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_clusters_are_made_at_once_one_of_them_with_three_control_planes() {
    let (simulation, docker) = peers().await;
    let steps = Steps::silent();
    let configs = [config("a", 0, 1), config("b", 1, 3), config("c", 0, 1)];
    let made = configs.iter().map(|config| kind::create(&docker, config, LONG, &steps));
    let made = futures::future::try_join_all(made).await.unwrap();
    assert_eq!(made.iter().map(|one| one.cluster.nodes.len()).collect::<Vec<_>>(), [1, 5, 1]);
    let networks = meshrun_docker::networks::named(&docker, "kind").await.unwrap();
    assert_eq!(networks.len(), 1, "they share one network");
    for name in ["a", "b", "c"] {
        kind::delete(&docker, name, &steps).await.unwrap();
    }
    assert_eq!(simulation.unknown(), Vec::<String>::new());
    simulation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_are_answered_as_a_real_engine_answers_them() {
    let (simulation, _docker) = peers().await;
    let socket = simulation.docker_host().trim_start_matches("unix://").to_owned();
    let wrong = tokio::task::spawn_blocking(move || cases::run(&socket)).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(simulation.unknown(), Vec::<String>::new());
    simulation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_and_recorded_and_does_no_harm() {
    let (simulation, docker) = peers().await;
    let socket = simulation.docker_host().trim_start_matches("unix://").to_owned();
    let talking = tokio::task::spawn_blocking(move || {
        let heads = [
            "GET / HTTP/1.1\r\nHost: d\r\n\r\n".to_owned(),
            "BREW /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n".to_owned(),
            "GET /v1.41/%zz HTTP/1.1\r\nHost: d\r\n\r\n".to_owned(),
            "nothing of HTTP\r\n\r\n".to_owned(),
            format!("GET /{} HTTP/1.1\r\nHost: d\r\n\r\n", "x".repeat(5000)),
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"Image\"".to_owned(),
            "POST /v1.41/networks/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "POST /v1.41/networks/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[1,2,3,4]".to_owned(),
            "PUT /v1.41/containers/none/archive?path=/ HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            "POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\n\r\nabcd".to_owned(),
            "GET /v1.41/containers/json?filters=[[[ HTTP/1.1\r\nHost: d\r\n\r\n".to_owned(),
        ];
        for round in 0..1000 {
            let mut stream = UnixStream::connect(&socket).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
            let _refused = stream.write_all(heads[round % heads.len()].as_bytes());
            stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
            let _refused = stream.read_to_end(&mut Vec::new());
        }
    });
    talking.await.unwrap();
    let unknown = simulation.unknown();
    assert!(unknown.contains(&"GET /".to_owned()), "{unknown:?}");
    assert!(unknown.contains(&"BREW /containers/json".to_owned()), "{unknown:?}");
    assert!(meshrun_docker::containers::list(&docker, &meshrun_docker::Filter::default()).await.unwrap().is_empty());
    simulation.stop().await;
}

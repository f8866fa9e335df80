//! Ten thousand malformed requests at each simulated server: each is answered or its connection ended, the servers serve on, and nothing
//! is held on to. Alone in its program, for the memory that is measured is the program's.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

#[path = "nonsense/generator.rs"]
mod generator;
#[path = "nonsense/server.rs"]
mod server;

use std::sync::Arc;

use generator::{Generator, Peer};
use meshrun_sim::{Options, Simulation, World};
use server::{ApiServer, Door};

/// How many requests make a half.
const HALF: usize = 5_000;
/// How many are under way at once.
const AT_ONCE: usize = 4;
/// How many bytes more may be resident after the second half than after the first: what an allocator does not give back. A server that kept
/// a kilobyte of each request would be over it.
const GROWTH: usize = 4 << 20;
/// What chance follows from.
const SEED: u64 = 20_231;

/// How many bytes of this program are resident.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Send a half of the requests. Returns those after which nothing came, not even the end of the connection.
async fn half(door: &Arc<Door>, peer: Peer, first: usize) -> Vec<String> {
    let sending = (0..AT_ONCE).map(|lane| {
        let door = Arc::clone(door);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for index in (first + lane..first + HALF).step_by(AT_ONCE) {
                let request = Generator::new(SEED + index as u64, peer).request();
                if !door.send(&request).await {
                    silent.push(format!("{index}: {}", request.beginning()));
                }
            }
            silent
        })
    });
    let silent = futures::future::join_all(sending).await;
    silent.into_iter().flat_map(Result::unwrap).collect()
}

async fn endure(name: &str, door: Door, peer: Peer) {
    let door = Arc::new(door);
    let before = resident();
    let mut silent = half(&door, peer, 0).await;
    let middle = resident();
    silent.extend(half(&door, peer, HALF).await);
    let after = resident();
    println!("{name}: {before} bytes resident before, {middle} after {HALF} requests, {after} after {}", 2 * HALF);
    assert!(silent.is_empty(), "{name}: no answer to {} requests:\n{}", silent.len(), silent.join("\n"));
    assert!(after < middle + GROWTH, "{name}: grew from {middle} to {after} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_malformed_requests_at_each_server_do_no_harm() {
    let simulation = Simulation::start(Options::default()).await.unwrap();
    let socket = simulation.docker_host().trim_start_matches("unix://").to_owned();
    endure("engine", Door::engine(&socket), Peer::Engine).await;
    let docker = meshrun_docker::Where { host: Some(simulation.docker_host()), ..Default::default() };
    let docker = meshrun_docker::Docker::connect(&docker).await.unwrap();
    let there = meshrun_docker::containers::list(&docker, &meshrun_docker::Filter::default()).await.unwrap();
    assert!(there.is_empty(), "{there:?}");
    simulation.stop().await;

    let server = ApiServer::start(&World::new(7, Vec::new())).await;
    endure("API server", server.door(), Peer::ApiServer).await;
    let mut spaces = server.namespaces().await;
    spaces.sort();
    assert_eq!(spaces, ["default", "kube-node-lease", "kube-public", "kube-system"]);
}

//! The Docker engine: its networks, images, volumes and containers, and the clusters of kind among these.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, future::join_all, stream};
use meshrun_docker::{Container, Docker, Error, Filter, archive, containers, images, networks, volumes};
use meshrun_kube::connect_with;
use meshrun_sim::start::{ContainerStart, EngineStart, Unread};

use super::{Survey, cluster, words};
use crate::World;

const CLUSTER: &str = "io.x-k8s.kind.cluster";
const ROLE: &str = "io.x-k8s.kind.role";

/// How long the engine may take for all that it is asked.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many questions it gets at the same time.
const IN_FLIGHT: usize = 16;

/// Read the engine that the run would use, and its clusters of kind, if those may be asked.
pub async fn read(world: &World, may_ask_clusters: bool, survey: &mut Survey) {
    let docker = match world.docker().await {
        Ok(docker) => docker,
        Err(failure) if failure.code == "docker::no_engine" => {
            return survey.took("an empty engine, for no Docker engine answers");
        }
        Err(failure) => return survey.knows_not(format!("the Docker engine: {}", words(failure))),
    };
    let all = match tokio::time::timeout(PATIENCE, everything(&docker)).await {
        Ok(Ok(all)) => all,
        Ok(Err(error)) => return survey.knows_not(format!("the engine at {}: {}", docker.host(), words(error))),
        Err(_) => return survey.knows_not(format!("the engine at {}: it did not answer in time", docker.host())),
    };
    let (start, found) = all;
    survey.took(format!(
        "the engine at {}: {}, {}, {}",
        docker.host(),
        count(start.networks.len(), "network"),
        count(start.images.len(), "image"),
        count(start.containers.len(), "container"),
    ));
    survey.start.engine = Some(start);
    clusters(&docker, &found, may_ask_clusters, survey).await;
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

async fn everything(docker: &Docker) -> Result<(EngineStart, Vec<Container>), Error> {
    let any = Filter::default();
    let (networks, volumes, images, found) = futures::try_join!(
        networks::list_raw(docker),
        volumes::list_raw(docker),
        images::list(docker),
        containers::list(docker, &any),
    )?;
    let images = stream::iter(images).map(|image| async move { images::inspect_raw(docker, &image.id).await });
    let images: Vec<_> = images.buffered(IN_FLIGHT).collect().await;
    // One that has gone meanwhile is no part of the state.
    let images: Result<Vec<_>, Error> =
        images.into_iter().filter(|one| !matches!(one, Err(Error::NoImage { .. }))).collect();
    let read: Vec<_> = stream::iter(&found).map(|one| container(docker, one)).buffered(IN_FLIGHT).collect().await;
    let mut read: Vec<ContainerStart> =
        read.into_iter().filter(|one| !matches!(one, Err(Error::NoContainer { .. }))).collect::<Result<_, Error>>()?;
    read.sort_by_key(|one| one.told["Created"].as_str().unwrap_or_default().to_owned());
    Ok((EngineStart { networks, images: images?, volumes, containers: read }, found))
}

async fn container(docker: &Docker, one: &Container) -> Result<ContainerStart, Error> {
    let told = containers::inspect_raw(docker, &one.id).await?;
    let Some(role) = one.labels.get(ROLE).filter(|_| one.labels.contains_key(CLUSTER)) else {
        return Ok(ContainerStart { told, ..ContainerStart::default() });
    };
    let mut files = BTreeMap::new();
    for path in files_of(role) {
        match archive::read_file(docker, &one.id, path).await {
            Ok(bytes) => _ = files.insert((*path).to_owned(), bytes),
            Err(Error::NoPath { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let images = match role.as_str() {
        "external-load-balancer" => None,
        _ if one.state != "running" => None,
        _ => meshrun_kind::images_of_node(docker, &one.id).await.ok(), // without them, images seem to be missing in the node
    };
    Ok(ContainerStart { told, files, images: images.unwrap_or_default() })
}

/// The files of a node that matter; none of them is secret.
fn files_of(role: &str) -> &'static [&'static str] {
    const NODE: [&str; 3] = ["/kind/version", meshrun_kind::MARKS[0], meshrun_kind::MARKS[1]];
    match role {
        "external-load-balancer" => &["/usr/local/etc/haproxy/haproxy.cfg"],
        _ => &NODE,
    }
}

/// Read the clusters of kind, side by side.
async fn clusters(docker: &Docker, found: &[Container], may_ask: bool, survey: &mut Survey) {
    let mut names: Vec<&String> =
        found.iter().filter(|one| one.labels.contains_key(ROLE)).filter_map(|one| one.labels.get(CLUSTER)).collect();
    names.sort_unstable();
    names.dedup();
    let read = join_all(names.iter().map(|name| of_kind(docker, name, may_ask))).await;
    for (name, read) in names.into_iter().zip(read) {
        let servers = servers(docker, name).await;
        match read {
            Ok((mut start, notes)) => {
                start.servers = servers;
                survey.took(format!(
                    "kind cluster {name}: Kubernetes {}, {}",
                    start.version,
                    count(start.objects.len(), "object")
                ));
                notes.into_iter().for_each(|note| survey.knows_not(format!("of kind cluster {name}: {note}")));
                survey.start.clusters.push(start);
            }
            Err(reason) => {
                survey.knows_not(format!("the state of kind cluster {name}: {reason}"));
                survey.start.unread.push(Unread { name: name.clone(), servers, reason });
            }
        }
    }
}

async fn of_kind(docker: &Docker, name: &str, may_ask: bool) -> Result<cluster::Read, String> {
    if !may_ask {
        return Err("this run may not talk to it".to_owned());
    }
    let kubeconfig = meshrun_kind::kubeconfig(docker, name, false).await.map_err(words)?;
    let client = connect_with(kubeconfig.expose(), &meshrun_kind::key(name)).await.map_err(words)?;
    cluster::read(&client, name).await
}

/// Where the API server of a cluster is reached: as published on this machine, and in its network.
async fn servers(docker: &Docker, name: &str) -> Vec<String> {
    let found = meshrun_kind::get(docker, name).await.ok(); // one that has gone meanwhile has none
    found.into_iter().flat_map(|found| [found.server, found.internal_server]).flatten().collect()
}

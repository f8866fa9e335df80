//! Images from the engine, or from an archive, into the nodes of a cluster.

use std::{collections::BTreeMap, path::Path};

use futures::future::{join_all, try_join_all};
use meshrun_docker::{Chunks, Docker, Exec, ImageInfo, Input, exec as docker_exec, fan_out, images, save};
use meshrun_terms::{Image, Steps, Timeout};

use crate::{
    Error,
    apply::exec::{self, last_lines},
    cluster::{existing_containers, role_of},
    config::Role,
    plan::containerd,
};

/// How long a node may take for what is not the transfer itself.
const ASK: Timeout = Timeout::seconds(60);

/// Bring images of the engine to the nodes of a cluster that do not have them: read once, streamed to all of these nodes at the same time.
/// `nodes` chooses some; all when it is empty. Returns the names of the nodes that got something.
///
/// # Errors
/// `docker::no_image`, `kind::no_cluster`, `kind::no_node`, `kind::load` with containerd's words.
pub async fn load_images(
    docker: &Docker,
    cluster: &str,
    wanted: &[Image],
    nodes: &[String],
    timeout: Timeout,
    steps: &Steps,
) -> Result<Vec<String>, Error> {
    let (nodes, found) = futures::try_join!(chosen(docker, cluster, nodes), async {
        Ok::<_, Error>(try_join_all(wanted.iter().map(|image| images::inspect(docker, image.as_str()))).await?)
    })?;
    let images: Vec<(&Image, &ImageInfo)> = wanted.iter().zip(&found).collect();
    let lacking = try_join_all(nodes.iter().map(|node| missing(docker, node, &images))).await?;
    let targets: Vec<&String> =
        nodes.iter().zip(&lacking).filter(|(_, lack)| !lack.is_empty()).map(|one| one.0).collect();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<&str> = lacking.iter().flatten().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let what = names.join(", ");
    steps.doing(format!("loading {what} into {} nodes of cluster {cluster}", targets.len()));
    let shared = async |flags: &[&str]| {
        let (streams, reading) = fan_out(save(docker, &names).await?, targets.len());
        let importing =
            targets.iter().zip(streams).map(|(node, chunks)| import(docker, node, &what, chunks, flags, timeout));
        let (read, imported) = futures::join!(reading, join_all(importing));
        // A node that refuses breaks the reading off too; its words tell more.
        imported.into_iter().collect::<Result<Vec<()>, Error>>()?;
        Ok::<(), Error>(read?)
    };
    match shared(&["--all-platforms"]).await {
        // An engine that keeps its images in containerd saves only the platform that it has of an image for many.
        Err(Error::Load { lines, .. }) if lines.iter().any(|line| line.contains("content digest")) => {
            shared(&[]).await?
        }
        other => other?,
    }
    steps.changed(format!("loaded {what} into {} nodes of cluster {cluster}", targets.len()));
    Ok(targets.into_iter().cloned().collect())
}

/// Bring the images of an archive, as `docker save` writes it, to the nodes of a cluster. Returns the names of the nodes.
///
/// # Errors
/// `kind::file`, `kind::no_cluster`, `kind::no_node`, `kind::load` with containerd's words.
pub async fn load_archive(
    docker: &Docker,
    cluster: &str,
    archive: &Path,
    nodes: &[String],
    timeout: Timeout,
    steps: &Steps,
) -> Result<Vec<String>, Error> {
    let unreadable = |source| Error::File { path: archive.to_owned(), source };
    let nodes = chosen(docker, cluster, nodes).await?;
    let what = archive.display().to_string();
    steps.doing(format!("loading {what} into {} nodes of cluster {cluster}", nodes.len()));
    let importing = nodes.iter().map(|node| async {
        let file = tokio::fs::File::open(archive).await.map_err(unreadable)?;
        let Input::Stream(chunks) = Input::reader(file) else { return Ok(()) }; // a reader is always a stream
        import(docker, node, &what, chunks, &["--all-platforms"], timeout).await
    });
    try_join_all(importing).await?;
    steps.changed(format!("loaded {what} into {} nodes of cluster {cluster}", nodes.len()));
    Ok(nodes)
}

/// The nodes that run Kubernetes, all or the chosen ones.
async fn chosen(docker: &Docker, cluster: &str, wanted: &[String]) -> Result<Vec<String>, Error> {
    let all = existing_containers(docker, cluster).await?;
    let nodes: Vec<String> = all
        .into_iter()
        .filter(|one| matches!(role_of(one), Some(Role::ControlPlane | Role::Worker)))
        .map(|one| one.name)
        .collect();
    if let Some(unknown) = wanted.iter().find(|name| !nodes.contains(name)) {
        let known = nodes.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(Error::NoNode { cluster: cluster.to_owned(), node: unknown.clone(), known });
    }
    Ok(if wanted.is_empty() { nodes } else { wanted.to_vec() })
}

/// The images that a node lacks. One that it has by another name gets the name.
async fn missing(docker: &Docker, node: &str, images: &[(&Image, &ImageInfo)]) -> Result<Vec<String>, Error> {
    let act = "list its images";
    let listed = exec::must(docker, node, act, "ctr --namespace=k8s.io images list", &[], None, ASK).await?;
    let known = references(&listed.stdout());
    let mut missing = Vec::new();
    for (image, info) in images {
        let name = image.canonical();
        match presence(&known, &name, &info.id) {
            Presence::There => {}
            Presence::OtherName => {
                let script = r#"ctr --namespace=k8s.io images tag --force "$1" "$2""#;
                let tagged = exec::shell(docker, node, script, &[&info.id, &name], None, ASK).await?;
                missing.extend((tagged.code != 0).then(|| image.to_string()));
            }
            Presence::No => missing.push(image.to_string()),
        }
    }
    Ok(missing)
}

/// The images that containerd has in a node: names with the digests of their configurations.
///
/// # Errors
/// `kind::node_command` with containerd's words.
pub async fn images_of_node(docker: &Docker, node: &str) -> Result<BTreeMap<String, String>, Error> {
    let act = "list its images";
    let listed = exec::must(docker, node, act, "ctr --namespace=k8s.io images list", &[], None, ASK).await?;
    Ok(by_configuration(&references(&listed.stdout())))
}

/// The names with the digests of their configurations, which are names themselves.
fn by_configuration(known: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_digest = |name: &str| name.starts_with("sha256:");
    let of_manifest: BTreeMap<&String, &String> =
        known.iter().filter(|(name, _)| is_digest(name)).map(|(name, digest)| (digest, name)).collect();
    let named = known.iter().filter(|(name, _)| !is_digest(name));
    named.map(|(name, digest)| (name.clone(), (*of_manifest.get(digest).unwrap_or(&digest)).clone())).collect()
}

/// What `ctr images list` tells: names, and the digests they stand for. containerd's interface for Kubernetes also gives each image
/// the name of its configuration's digest, which is the image's id on most engines.
fn references(list: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| {
        let mut columns = line.split_whitespace();
        Some((columns.next()?.to_owned(), columns.nth(1)?.to_owned()))
    };
    list.lines().skip(1).filter_map(pair).collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Presence {
    There,
    OtherName,
    No,
}

fn presence(known: &BTreeMap<String, String>, name: &str, id: &str) -> Presence {
    let by_name = known.get(name);
    if by_name.is_some_and(|digest| digest == id) {
        return Presence::There;
    }
    match (known.get(id), by_name) {
        (Some(digest), Some(named)) if digest == named => Presence::There,
        (Some(_), _) => Presence::OtherName,
        (None, _) => Presence::No,
    }
}

/// Feed an archive to containerd on a node.
async fn import(
    docker: &Docker,
    node: &str,
    what: &str,
    chunks: Chunks,
    flags: &[&str],
    timeout: Timeout,
) -> Result<(), Error> {
    let snapshotter = snapshotter(docker, node).await?;
    let snapshotter = format!("--snapshotter={snapshotter}");
    let argv = ["ctr", "--namespace=k8s.io", "images", "import", "--digests", &snapshotter];
    let command = Exec::new(argv.into_iter().chain(flags.iter().copied()).chain(["-"])).privileged().timeout(timeout);
    let output = docker_exec::run(docker, node, &command, Input::Stream(chunks)).await?;
    if output.code == 0 {
        return Ok(());
    }
    let lines = last_lines(&output, 5);
    match exec::failed(node, &format!("load {what}"), lines) {
        Error::NodeCommand { node, lines, .. } => Err(Error::Load { what: what.to_owned(), node, lines }),
        other => Err(other),
    }
}

/// The snapshotter of containerd on a node. An unreadable configuration means the usual one.
async fn snapshotter(docker: &Docker, node: &str) -> Result<String, Error> {
    let dump =
        exec::must(docker, node, "read containerd's configuration", "containerd config dump", &[], None, ASK).await?;
    Ok(containerd::snapshotter(&dump.stdout()).unwrap_or_else(|| "overlayfs".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_by_name_and_by_the_digest_of_their_configuration() {
        let list = "REF TYPE DIGEST SIZE PLATFORMS LABELS\n\
            docker.io/a/b:v1 application/x sha256:m1 1 MiB linux/amd64 io.cri-containerd.image=managed\n\
            sha256:c1 application/x sha256:m1 1 MiB linux/amd64 -\n\
            docker.io/a/c:v1 application/x sha256:m2 1 MiB linux/amd64 -\n";
        let known = references(list);
        assert_eq!(presence(&known, "docker.io/a/b:v1", "sha256:c1"), Presence::There);
        assert_eq!(presence(&known, "docker.io/a/b:v2", "sha256:c1"), Presence::OtherName);
        assert_eq!(presence(&known, "docker.io/a/c:v1", "sha256:c1"), Presence::OtherName);
        assert_eq!(presence(&known, "docker.io/a/c:v1", "sha256:c3"), Presence::No);
        assert_eq!(presence(&known, "docker.io/a/c:v1", "sha256:m2"), Presence::There);
    }
}

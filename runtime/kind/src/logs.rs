//! Everything that tells how a cluster fares, as files.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use futures::future::join_all;
use meshrun_docker::{Channel, Container, Docker, Exec, Input, Part, containers, exec as docker_exec, info, logs};
use meshrun_terms::{Steps, Timeout};

use crate::{Error, apply::exec, cluster::existing_containers};

/// How long one command on a node may take.
const ASK: Timeout = Timeout::minutes(5);

/// The files that commands on a node write.
const COMMANDS: [(&str, &str); 5] = [
    ("kubernetes-version.txt", "cat /kind/version"),
    ("journal.log", "journalctl --no-pager"),
    ("kubelet.log", "journalctl --no-pager --unit=kubelet.service"),
    ("containerd.log", "journalctl --no-pager --unit=containerd.service"),
    ("images.log", "crictl images 2>/dev/null || ctr --namespace=k8s.io images list"),
];

/// Write the logs of a cluster into a folder: `docker-info.txt`, and for each node a folder with its `/var/log`, its journal, the logs of
/// kubelet and containerd, its images, `inspect.json` and `serial.log`; for the load balancer the last two. Files that are there are
/// replaced. A node that does not run gives what can be had without it; everything that could not be had is a warning. Returns the folder.
///
/// # Errors
/// `kind::no_cluster`, `kind::file`.
pub async fn export_logs(docker: &Docker, cluster: &str, folder: &Path, steps: &Steps) -> Result<PathBuf, Error> {
    let all = existing_containers(docker, cluster).await?;
    steps.doing(format!("exporting the logs of cluster {cluster}"));
    make_folder(folder)?;
    let about = info(docker).await?;
    write(&folder.join("docker-info.txt"), &pretty(&about))?;
    write(&folder.join("kind-version.txt"), format!("meshrun {}\n", env!("CARGO_PKG_VERSION")).as_bytes())?;
    let nodes = join_all(all.iter().map(|container| one(docker, container, folder, steps))).await;
    nodes.into_iter().collect::<Result<Vec<()>, Error>>()?;
    steps.changed(format!("wrote the logs of cluster {cluster} to {}", folder.display()));
    Ok(folder.to_owned())
}

async fn one(docker: &Docker, container: &Container, folder: &Path, steps: &Steps) -> Result<(), Error> {
    let folder = folder.join(&container.name);
    make_folder(&folder)?;
    let raw = containers::inspect_raw(docker, &container.id).await?;
    write(&folder.join("inspect.json"), &pretty(&[raw]))?;
    let lines = logs::read(docker, &container.id, &Part::default()).await?;
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    write(&folder.join("serial.log"), text.as_bytes())?;
    let is_node = crate::cluster::role_of(container).is_some_and(|role| role != crate::config::Role::LoadBalancer);
    if !is_node {
        return Ok(());
    }
    if !container.is_running() {
        steps.warning(format!("node {} is {}: its journal cannot be read", container.name, container.state));
        return Ok(());
    }
    let commands =
        join_all(COMMANDS.iter().map(|(file, script)| said(docker, container, &folder, file, script, steps)));
    let (commands, log) = futures::join!(commands, var_log(docker, container, &folder));
    if let Err(error) = log {
        steps.warning(format!("/var/log of node {} cannot be had: {error}", container.name));
    }
    commands.into_iter().collect::<Result<Vec<()>, Error>>().map(|_| ())
}

/// Write what a command on a node says into a file.
async fn said(
    docker: &Docker,
    container: &Container,
    folder: &Path,
    file: &str,
    script: &str,
    steps: &Steps,
) -> Result<(), Error> {
    match exec::shell(docker, &container.id, script, &[], None, ASK).await {
        Ok(output) => write(&folder.join(file), &output.stdout),
        Err(error) => {
            steps.warning(format!("{file} of node {} cannot be had: {error}", container.name));
            Ok(())
        }
    }
}

/// Copy a node's `/var/log`, links replaced by what they lead to. That files change or vanish meanwhile is normal.
async fn var_log(docker: &Docker, container: &Container, folder: &Path) -> Result<(), Error> {
    let draft = folder.join(".var-log.tar");
    let unwritable = |source| Error::File { path: draft.clone(), source };
    let mut file = BufWriter::new(File::create(&draft).map_err(unwritable)?);
    let mut failed: io::Result<()> = Ok(());
    let command = Exec::new(["tar", "-C", "/var/log", "-chf", "-", "."]).privileged().timeout(ASK);
    let code = docker_exec::stream(docker, &container.id, &command, Input::None, |channel, chunk| {
        if channel == Channel::Stdout && failed.is_ok() {
            failed = file.write_all(chunk);
        }
    })
    .await;
    let written = failed.and_then(|()| file.flush());
    let (place, archive) = (folder.to_owned(), draft.clone());
    let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &place)).await.map_err(io::Error::other);
    std::fs::remove_file(&draft).map_err(unwritable)?;
    // 1 says that a file has changed while it was read.
    let code = code?;
    written.map_err(unwritable)?;
    if code > 1 {
        return Err(exec::failed(&container.name, "copy /var/log", vec![format!("tar ended with code {code}")]));
    }
    unpacked.and_then(|unpacked| unpacked).map_err(unwritable)
}

/// Unpack files and folders, and nothing else. Blocks.
fn unpack(archive: &Path, folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(File::open(archive)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_file() {
            entry.set_preserve_permissions(false);
            entry.unpack_in(folder)?;
        }
    }
    Ok(())
}

fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    // What comes from the engine is plain data, which always has a text.
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|source| Error::File { path: path.to_owned(), source })
}

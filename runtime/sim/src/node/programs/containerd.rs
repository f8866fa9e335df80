//! `ctr`, `crictl` and `containerd`: the images of a node.

use super::{fail, options::Options, unknown};
use crate::{
    docker::image,
    node::{io::Io, shell::Shell},
    registry::Reference,
};

/// Run one of them.
pub async fn run(shell: &Shell, name: &str, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &["n", "namespace", "snapshotter", "o", "output", "r", "runtime-endpoint"]);
    let words: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    match (name, words.as_slice()) {
        ("containerd", ["config", "dump"]) => {
            io.out.say(shell.read("/etc/containerd/config.toml").unwrap_or_default()).await;
            0
        }
        ("ctr", ["images" | "image" | "i", "list" | "ls"]) => list(shell, options.has(&["q", "quiet"]), io).await,
        ("ctr", ["images" | "image" | "i", "import", file]) => import(shell, file, io).await,
        ("ctr", ["images" | "image" | "i", "tag", from, to]) => tag(shell, from, to, options.has(&["force"]), io).await,
        ("ctr", ["images" | "image" | "i", "rm" | "remove" | "delete", names @ ..]) => {
            let removed =
                change(shell, |images| names.iter().map(|name| images.remove(*name).is_some()).collect::<Vec<bool>>());
            for (name, removed) in names.iter().zip(removed.unwrap_or_default()) {
                if !removed {
                    return fail(io, "ctr", format!("image \"{name}\": not found")).await;
                }
                io.out.say(format!("{name}\n")).await;
            }
            0
        }
        ("crictl", ["images" | "image"]) => crictl(shell, &options, io).await,
        ("crictl", ["inspecti", name]) => match find(shell, name) {
            Some((name, digest)) => {
                let told = serde_json::json!({ "status": { "id": digest, "repoTags": [name], "repoDigests": [] } });
                io.out.say(format!("{told:#}\n")).await;
                0
            }
            None => fail(io, "crictl", format!("no such image \"{name}\" present")).await,
        },
        _ => unknown(shell, &format!("{name} {}", arguments.join(" ")), io).await,
    }
}

type Images = std::collections::BTreeMap<String, String>;

/// Look at the images of the node, or change them.
fn change<T>(shell: &Shell, act: impl FnOnce(&mut Images) -> T) -> Option<T> {
    let mut state = shell.world.engine.state();
    let one = state.container_mut(&shell.container).ok()?; // it was removed while this ran
    Some(act(&mut one.node_images))
}

fn find(shell: &Shell, name: &str) -> Option<(String, String)> {
    let wanted = canonical(name);
    change(shell, |images| {
        let same = |one: &(&String, &String)| {
            *one.0 == wanted || *one.1 == name || one.1.trim_start_matches("sha256:").starts_with(name)
        };
        images.iter().find(same).map(|(name, digest)| (name.clone(), digest.clone()))
    })
    .flatten()
}

/// The name with its registry, as containerd has it.
fn canonical(name: &str) -> String {
    match Reference::parse(name) {
        Some(Reference { registry, repository, tag: Some(tag), .. }) => format!("{registry}/{repository}:{tag}"),
        _ => name.to_owned(),
    }
}

async fn list(shell: &Shell, quiet: bool, io: &Io) -> i64 {
    let images = change(shell, |images| images.clone()).unwrap_or_default();
    if !quiet {
        io.out.say("REF TYPE DIGEST SIZE PLATFORMS LABELS\n").await;
    }
    for (name, config) in &images {
        // The digest of the manifest is another one than that of the configuration, whose name is an entry of its own.
        let manifest = image::digest(format!("manifest of {config}").as_bytes());
        for entry in [name.as_str(), config.as_str()] {
            let line = match quiet {
                true => format!("{entry}\n"),
                false => format!(
                    "{entry} application/vnd.docker.distribution.manifest.v2+json {manifest} 1.0 MiB linux/amd64 io.cri-containerd.image=managed\n"
                ),
            };
            io.out.say(line).await;
        }
    }
    0
}

async fn import(shell: &Shell, file: &str, io: &Io) -> i64 {
    let archive = if file == "-" { Some(io.input.all().await) } else { shell.read(file) };
    let Some(archive) = archive else {
        return fail(io, "ctr", format!("open {file}: no such file or directory")).await;
    };
    let loaded = match image::load(&archive) {
        Ok(loaded) => loaded,
        Err(reason) => return fail(io, "ctr", format!("unrecognized image format: {reason}")).await,
    };
    for one in loaded {
        for name in one.tags.iter().map(|tag| canonical(tag)) {
            io.out.say(format!("unpacking {name} ({})...done\n", one.id)).await;
            let _gone = change(shell, |images| images.insert(name, one.id.clone())); // the container may have been removed
        }
    }
    0
}

async fn tag(shell: &Shell, from: &str, to: &str, force: bool, io: &Io) -> i64 {
    let Some((_, digest)) = find(shell, from) else {
        return fail(io, "ctr", format!("image \"{from}\": not found")).await;
    };
    let there = change(shell, |images| images.contains_key(to)).unwrap_or(false);
    if there && !force {
        return fail(io, "ctr", format!("image \"{to}\": already exists")).await;
    }
    let _gone = change(shell, |images| images.insert(to.to_owned(), digest)); // the container may have been removed
    io.out.say(format!("{to}\n")).await;
    0
}

async fn crictl(shell: &Shell, options: &Options, io: &Io) -> i64 {
    let images = change(shell, |images| images.clone()).unwrap_or_default();
    match options.value(&["o", "output"]) {
        None | Some("table") => {
            io.out.say(format!("{:<50}{:<20}{:<20}SIZE\n", "IMAGE", "TAG", "IMAGE ID")).await;
            for (name, digest) in &images {
                let (name, tag) = name.rsplit_once(':').unwrap_or((name, ""));
                let id: String = digest.trim_start_matches("sha256:").chars().take(13).collect();
                io.out.say(format!("{name:<50}{tag:<20}{id:<20}1MB\n")).await;
            }
            0
        }
        Some("json") => {
            let all: Vec<serde_json::Value> = images
                .iter()
                .map(|(name, digest)| serde_json::json!({ "id": digest, "repoTags": [name], "repoDigests": [], "size": "1" }))
                .collect();
            io.out.say(format!("{:#}\n", serde_json::json!({ "images": all }))).await;
            0
        }
        Some(other) => unknown(shell, &format!("crictl images -o {other}"), io).await,
    }
}

//! Images: what one is, how one comes from a registry or an archive, and how one becomes an archive.

use std::{collections::BTreeMap, io::Read};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::files::{Files, append, plain_archive};
use crate::{node, registry::Reference};

/// An image.
#[derive(Debug, Clone)]
pub struct Image {
    /// `sha256:` and 64 digits: the digest of its configuration.
    pub id: String,
    /// Names with tags, as the engine shows them.
    pub tags: Vec<String>,
    /// Names with digests.
    pub digests: Vec<String>,
    /// The configuration, as archives have it.
    pub document: Bytes,
    /// The layers: archives.
    pub layers: Vec<Bytes>,
    /// The files that the layers make.
    pub files: Files,
    /// How large it is said to be.
    pub size: u64,
    /// Why it is not known what it runs when its configuration names no program.
    pub pulled: bool,
}

/// The entry of a configuration with the identifier of an image that was taken over: that of the whole configuration, which is not told.
const IDENTIFIER: &str = "simulated.identifier";

/// What nodes of kind run.
const NODE_ENTRYPOINT: [&str; 2] = ["/usr/local/bin/entrypoint", "/sbin/init"];

/// The digest of bytes.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

impl Image {
    /// The image that a registry has under a name. It has what is known of such images: nodes of kind have their files, for example.
    pub fn of_registry(reference: &Reference) -> Self {
        let name = reference.familiar();
        let (config, files) = known(reference);
        let layer = Bytes::from(files.archive("/", ".").unwrap_or_default()); // files of our own have short names
        let version = reference.tag.clone().or_else(|| reference.digest.clone()).unwrap_or_default();
        let document = json!({
            "architecture": "amd64", "os": "linux", "created": "2023-06-15T00:00:00Z", "config": config,
            "comment": format!("simulated: {name}:{version}"),
            "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
            "history": [{ "created": "2023-06-15T00:00:00Z", "created_by": "simulated" }],
        });
        let document = Bytes::from(document.to_string());
        let manifest =
            reference.digest.clone().unwrap_or_else(|| digest(format!("manifest of {document:?}").as_bytes()));
        Self {
            id: digest(&document),
            tags: reference.tag.iter().map(|tag| format!("{name}:{tag}")).collect(),
            digests: vec![format!("{name}@{manifest}")],
            document,
            size: layer.len() as u64,
            layers: vec![layer],
            files,
            pulled: true,
        }
    }

    /// The image that a real engine has told of. Its layers stay there.
    pub fn of_engine(told: &Value) -> Self {
        let names = |key: &str| {
            let all = super::state::texts(told.get(key)).into_iter();
            all.filter(|name| !name.starts_with("<none>")).collect::<Vec<String>>()
        };
        let (tags, digests) = (names("RepoTags"), names("RepoDigests"));
        let references = tags.iter().chain(&digests).filter_map(|name| Reference::parse(name));
        let is_node = super::state::texts(told.pointer("/Config/Entrypoint")) == NODE_ENTRYPOINT;
        let files = references.map(|reference| known(&reference).1).next().unwrap_or_default();
        let files = match files.get("/kind/version") {
            None if is_node => node::image::files(node::image::VERSION),
            _ => files,
        };
        let document = json!({
            "architecture": told["Architecture"], "os": told["Os"], "created": told["Created"], "config": told["Config"],
            "rootfs": { "type": "layers", "diff_ids": told["RootFS"]["Layers"] }, IDENTIFIER: told["Id"],
        });
        Self {
            id: told["Id"].as_str().unwrap_or_default().to_owned(),
            tags,
            digests,
            document: document.to_string().into(),
            layers: Vec::new(),
            files,
            size: told["Size"].as_u64().unwrap_or_default(),
            pulled: true,
        }
    }

    /// The image that `docker import` makes of an archive of files.
    ///
    /// # Errors
    /// When it is no archive.
    pub fn of_files(archive: &[u8], changes: &Value, message: &str) -> std::io::Result<Self> {
        let layer = Bytes::from(plain_archive(archive)?.into_inner());
        let mut files = Files::default();
        files.unpack("/", &layer)?;
        let now = Timestamp::now().to_string();
        let document = json!({
            "architecture": "amd64", "os": "linux", "created": now, "config": changes, "comment": message,
            "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
            "history": [{ "created": now, "comment": message }],
        });
        let document = Bytes::from(document.to_string());
        let (id, size) = (digest(&document), layer.len() as u64);
        Ok(Self {
            id,
            tags: Vec::new(),
            digests: Vec::new(),
            document,
            layers: vec![layer],
            files,
            size,
            pulled: false,
        })
    }

    /// The configuration.
    pub fn described(&self) -> Value {
        serde_json::from_slice(&self.document).unwrap_or(Value::Null) // it was read or made here
    }

    /// The part of the configuration that containers take over.
    pub fn config(&self) -> Value {
        self.described()["config"].clone()
    }
}

/// What is known of an image of a registry: its configuration and files.
fn known(reference: &Reference) -> (Value, Files) {
    let mut config = json!({ "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] });
    let mut files = Files::default();
    let last = reference.repository.rsplit('/').next().unwrap_or_default();
    match reference.repository.as_str() {
        "kindest/node" => {
            let version = reference.tag.as_deref().unwrap_or(node::image::VERSION);
            files = node::image::files(version);
            config["Env"] =
                json!(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=docker"]);
            config["Entrypoint"] = json!(NODE_ENTRYPOINT);
            config["StopSignal"] = "SIGRTMIN+3".into();
        }
        "kindest/haproxy" => {
            files.folder("/usr/local/etc/haproxy", 0);
            config["Entrypoint"] =
                json!(["haproxy", "-sf", "7", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]);
            config["StopSignal"] = "SIGUSR1".into();
        }
        _ if matches!(last, "busybox" | "alpine" | "bash" | "debian" | "ubuntu") => {
            files = node::image::small_system(last);
            config["Cmd"] = json!(["sh"]);
        }
        _ => {}
    }
    (config, files)
}

/// An archive of images, as `docker save` writes it. `names` are those that are told in it, for each image.
///
/// # Errors
/// When an archive cannot be made.
pub fn save(images: &[(Image, Vec<String>)]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut manifest = Vec::new();
    let mut repositories: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut written = std::collections::BTreeSet::new();
    for (image, names) in images {
        let id = image.id.trim_start_matches("sha256:");
        let mut layers = Vec::new();
        for layer in &image.layers {
            let folder = digest(layer).trim_start_matches("sha256:").to_owned();
            let path = format!("{folder}/layer.tar");
            if written.insert(path.clone()) {
                append(&mut builder, &format!("{folder}/VERSION"), &file(b"1.0"))?;
                append(&mut builder, &path, &file(layer))?;
            }
            layers.push(path);
        }
        let config = format!("{id}.json");
        if written.insert(config.clone()) {
            append(&mut builder, &config, &file(&image.document))?;
        }
        for (name, tag) in names.iter().filter_map(|name| name.rsplit_once(':')) {
            repositories.entry(name.to_owned()).or_default().insert(tag.to_owned(), id.to_owned());
        }
        let tags = if names.is_empty() { Value::Null } else { json!(names) };
        manifest.push(json!({ "Config": config, "RepoTags": tags, "Layers": layers }));
    }
    append(&mut builder, "manifest.json", &file(Value::from(manifest).to_string().as_bytes()))?;
    if !repositories.is_empty() {
        append(&mut builder, "repositories", &file(json!(repositories).to_string().as_bytes()))?;
    }
    builder.into_inner()
}

fn file(bytes: &[u8]) -> super::files::Entry {
    let content = super::files::Content::File(Bytes::copy_from_slice(bytes));
    super::files::Entry { content, mode: 0o644, modified: 0 }
}

/// The images of an archive that `docker save` or another tool has written in that form, with the names that it tells.
///
/// # Errors
/// The engine's words when it is none.
pub fn load(archive: &[u8]) -> Result<Vec<Image>, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut parts: BTreeMap<String, Bytes> = BTreeMap::new();
    let mut archive = tar::Archive::new(plain_archive(archive).map_err(text)?);
    for entry in archive.entries().map_err(text)? {
        let mut entry = entry.map_err(text)?;
        let path = Files::plain("/", &String::from_utf8_lossy(&entry.path_bytes()));
        if let Some(target) = entry.link_name_bytes().filter(|_| !entry.header().entry_type().is_file()) {
            let parent = path.rsplit_once('/').map_or("/", |(parent, _)| parent);
            let target = Files::plain(parent, &String::from_utf8_lossy(&target));
            if let Some(bytes) = parts.get(&target).cloned() {
                parts.insert(path, bytes);
            }
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(text)?;
        parts.insert(path, bytes.into());
    }
    let manifest = parts.get("/manifest.json").ok_or("open manifest.json: no such file or directory")?;
    let manifest: Vec<Value> = serde_json::from_slice(manifest).map_err(|error| error.to_string())?;
    manifest.iter().map(|one| of_manifest(one, &parts)).collect()
}

fn of_manifest(entry: &Value, parts: &BTreeMap<String, Bytes>) -> Result<Image, String> {
    let part = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        parts.get(&Files::plain("/", name)).cloned().ok_or_else(|| format!("open {name}: no such file or directory"))
    };
    let document = part(&entry["Config"])?;
    let layers: Vec<Bytes> = entry["Layers"].as_array().into_iter().flatten().map(part).collect::<Result<_, _>>()?;
    let mut files = Files::default();
    for layer in &layers {
        files.unpack("/", layer).map_err(|error| error.to_string())?;
    }
    let described: Value = serde_json::from_slice(&document).map_err(|error| error.to_string())?;
    let tags = super::state::texts(entry.get("RepoTags"));
    let familiar = |name: &String| {
        let reference = Reference::parse(name)?;
        Some(format!("{}:{}", reference.familiar(), reference.tag?))
    };
    Ok(Image {
        id: described[IDENTIFIER].as_str().map_or_else(|| digest(&document), str::to_owned),
        tags: tags.iter().filter_map(familiar).collect(),
        digests: Vec::new(),
        document,
        size: layers.iter().map(|layer| layer.len() as u64).sum(),
        layers,
        files,
        pulled: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_image_is_loaded_as_the_same() {
        let image = Image::of_registry(&Reference::parse("a/b:1").unwrap());
        let archive = save(&[(image.clone(), vec!["a/b:1".into()])]).unwrap();
        let loaded = load(&archive).unwrap();
        assert_eq!((loaded[0].id.clone(), loaded[0].tags.clone()), (image.id, vec!["a/b:1".to_owned()]));
        assert!(load(b"nothing").is_err());
        assert_eq!(load(&[0; 1024]).unwrap_err(), "open manifest.json: no such file or directory");
    }
}

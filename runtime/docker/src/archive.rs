//! Files and folders to and from containers, running or not.
//!
//! The engine does this without a program in the container. It does not see what is mounted in memory (`tmpfs`) in a container: what
//! is written below such a path stays hidden; feed a command there instead, [`exec::run`](crate::exec::run).

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use sha2::{Digest, Sha256};
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use crate::{Docker, Error, classify::Subject, containers::checked_name};

/// Bit 31 of a file's mode in Go's words: it is a folder.
const GO_FOLDER: u32 = 1 << 31;

/// Write a file into a container, with this mode (`0o644`), for root. Folders on the way are made, a file that is there is
/// replaced.
///
/// # Errors
/// `docker::no_container`; `docker::bad_spec` when the path is not absolute.
pub async fn write_file(docker: &Docker, container: &str, path: &str, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let inside = below_root(path)?;
    let archive = file_archive(&inside, bytes, mode).map_err(|source| packing(path, source))?;
    upload(docker, container, Body::Bytes(archive.into())).await
}

/// The path below the root, without dots.
fn below_root(path: &str) -> Result<PathBuf, Error> {
    let wrong = || Error::BadSpec {
        field: "path",
        expected: "an absolute path of a file, without `..`",
        found: path.to_owned(),
    };
    let inside = Path::new(path).strip_prefix("/").map_err(|_| wrong())?;
    let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || inside.as_os_str().is_empty() || path.ends_with('/') {
        return Err(wrong());
    }
    Ok(inside.to_owned())
}

fn file_archive(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_mtime(now());
    let mut archive = tar::Builder::new(Vec::with_capacity(bytes.len() + 2048));
    archive.append_data(&mut header, path, bytes)?;
    archive.into_inner()
}

/// Seconds since 1970; a clock before that counts as 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The bytes of a file of a container. A symbolic link is followed.
///
/// # Errors
/// `docker::no_container`, `docker::no_path`; `docker::bad_spec` when the path is a folder.
pub async fn read_file(docker: &Docker, container: &str, path: &str) -> Result<Vec<u8>, Error> {
    let mut path = path.to_owned();
    // As many links as a kernel follows.
    for _ in 0..40 {
        match download_file(docker, container, &path).await? {
            Found::File(bytes) => return Ok(bytes),
            Found::Link(target) => path = beside(&path, &target),
            Found::Other => break,
        }
    }
    Err(Error::BadSpec { field: "path", expected: "a regular file in the container", found: path })
}

enum Found {
    File(Vec<u8>),
    Link(String),
    Other,
}

async fn download_file(docker: &Docker, container: &str, path: &str) -> Result<Found, Error> {
    let mut chunks = download(docker, container, path)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    first_entry(&bytes).map_err(|source| unpacking(container, path, source))
}

fn first_entry(archive: &[u8]) -> io::Result<Found> {
    let mut archive = tar::Archive::new(archive);
    let Some(entry) = archive.entries()?.next() else { return Ok(Found::Other) };
    let mut entry = entry?;
    match entry.header().entry_type() {
        tar::EntryType::Regular | tar::EntryType::Continuous => {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Ok(Found::File(bytes))
        }
        tar::EntryType::Symlink => {
            let target = entry.link_name()?.map(|target| target.to_string_lossy().into_owned());
            Ok(target.map_or(Found::Other, Found::Link))
        }
        _ => Ok(Found::Other),
    }
}

/// The target of a link: absolute, or from the folder that the link is in.
fn beside(link: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let folder = link.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{target}")
}

/// Copy a file or a folder of this machine into a container. If `target` is a folder there, or ends with `/`, it goes into that
/// folder under its own name; else `target` is its new name. Modes are kept, everything belongs to root. Returns whether anything
/// was copied: what is in the container already, with the same content and modes, is not copied again.
///
/// # Errors
/// `docker::no_container`, `docker::unreadable`.
pub async fn copy_to(docker: &Docker, container: &str, source: &Path, target: &str) -> Result<bool, Error> {
    let unreadable = |error| Error::Unreadable { path: source.to_owned(), source: error };
    let absolute = std::path::absolute(source).map_err(unreadable)?;
    let whole = tokio::fs::canonicalize(&absolute).await.map_err(unreadable)?;
    let into = target.ends_with('/') || is_folder(docker, container, target).await?;
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    let path = if into { format!("{}/{name}", target.trim_end_matches('/')) } else { target.to_owned() };
    let inside = below_root(&path)?;
    let wanted = local_listing(&whole).await.map_err(unreadable)?;
    if is_part(&wanted, &remote_listing(docker, container, &path).await?) {
        return Ok(false);
    }
    let (reader, writer) = tokio::io::duplex(256 * 1024);
    let packing = tokio::task::spawn_blocking(move || pack(&whole, &inside, SyncIoBridge::new(writer)));
    let body = Body::Stream(ReaderStream::with_capacity(reader, 64 * 1024).boxed());
    let sent = upload(docker, container, body).await;
    match packing.await {
        // The engine has broken off, so that the packing could not go on: its error is the one to tell.
        Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => sent,
        Ok(Err(error)) => Err(unreadable(error)),
        Ok(Ok(())) => sent,
        Err(error) => Err(unreadable(io::Error::other(error))),
    }?;
    Ok(true)
}

/// What an archive holds, by path below its top: what tells one thing from another.
type Listing = BTreeMap<PathBuf, Thing>;

#[derive(Debug, PartialEq, Eq)]
enum Thing {
    Folder { mode: u32 },
    File { mode: u32, digest: Vec<u8> },
    Link { target: PathBuf },
    Other,
}

/// Whether everything wanted is there; more may be.
fn is_part(wanted: &Listing, there: &Listing) -> bool {
    wanted.iter().all(|(path, thing)| there.get(path) == Some(thing))
}

/// List an archive with one thing at its top. Blocks.
fn list(archive: impl Read) -> io::Result<Listing> {
    let mut all = Listing::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let path: PathBuf = entry.path()?.components().skip(1).collect();
        let mode = entry.header().mode()? & 0o7777;
        let thing = match entry.header().entry_type() {
            tar::EntryType::Directory => Thing::Folder { mode },
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                Thing::File { mode, digest: digest_of(&mut entry)? }
            }
            tar::EntryType::Symlink => Thing::Link { target: entry.link_name()?.unwrap_or_default().into_owned() },
            _ => Thing::Other,
        };
        all.insert(path, thing);
    }
    Ok(all)
}

fn digest_of(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(digest.finalize().to_vec()),
            length => digest.update(&buffer[..length]),
        }
    }
}

/// What a file or folder of this machine holds, as it would be packed.
async fn local_listing(source: &Path) -> io::Result<Listing> {
    let source = source.to_owned();
    let (reader, writer) = tokio::io::duplex(256 * 1024);
    let packing = tokio::task::spawn_blocking(move || pack(&source, Path::new("top"), SyncIoBridge::new(writer)));
    let listing = tokio::task::spawn_blocking(move || list(SyncIoBridge::new(reader)));
    let (packed, listed) = futures::join!(packing, listing);
    packed.map_err(io::Error::other)??;
    listed.map_err(io::Error::other)?
}

/// What a file or folder of a container holds; nothing when there is none.
async fn remote_listing(docker: &Docker, container: &str, path: &str) -> Result<Listing, Error> {
    match with_download(docker, container, path, list).await {
        Ok(listing) => Ok(listing),
        Err(Failed::Engine(Error::NoPath { .. })) => Ok(Listing::new()),
        Err(Failed::Engine(error)) => Err(error),
        Err(Failed::Work(source)) => Err(unpacking(container, path, source)),
    }
}

/// Pack a file or folder under this name. Blocks.
fn pack(source: &Path, name: &Path, writer: impl io::Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(writer);
    archive.follow_symlinks(false);
    append(&mut archive, source, name)?;
    archive.into_inner()?.flush()
}

fn append(archive: &mut tar::Builder<impl io::Write>, source: &Path, name: &Path) -> io::Result<()> {
    let meta = std::fs::symlink_metadata(source)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&meta);
    header.set_uid(0);
    header.set_gid(0);
    if meta.is_symlink() {
        header.set_size(0);
        return archive.append_link(&mut header, name, std::fs::read_link(source)?);
    }
    if meta.is_file() {
        return archive.append_data(&mut header, name, std::fs::File::open(source)?);
    }
    if !meta.is_dir() {
        return Ok(()); // sockets and pipes have no content to copy
    }
    header.set_size(0);
    archive.append_data(&mut header, name, io::empty())?;
    let mut names =
        std::fs::read_dir(source)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    names.iter().try_for_each(|child| append(archive, &source.join(child), &name.join(child)))
}

/// Copy a file or a folder of a container to this machine. If `target` is a folder it goes into that folder under its own name;
/// else `target` is its new name, and a file of that name is replaced. Nothing is written outside the target. Returns whether
/// anything was copied: what is here already, with the same content and modes, is left alone.
///
/// # Errors
/// `docker::no_container`, `docker::no_path`, `docker::unwritable`.
pub async fn copy_from(docker: &Docker, container: &str, path: &str, target: &Path) -> Result<bool, Error> {
    let unwritable = |source| Error::Unwritable { path: target.to_owned(), source };
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let place = if target.is_dir() { target.join(name) } else { target.to_owned() };
    if place.exists() {
        let wanted = remote_listing(docker, container, path).await?;
        if !wanted.is_empty() && is_part(&wanted, &local_listing(&place).await.map_err(unwritable)?) {
            return Ok(false);
        }
    }
    let place = target.to_owned();
    match with_download(docker, container, path, move |archive| unpack(archive, &place)).await {
        Ok(()) => Ok(true),
        Err(Failed::Engine(error)) => Err(error),
        Err(Failed::Work(source)) => Err(unwritable(source)),
    }
}

/// Why the work on a download failed: the engine broke off, or the work itself.
enum Failed {
    Engine(Error),
    Work(io::Error),
}

type Download = SyncIoBridge<StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>>;

/// Work on the archive of a path of a container while it arrives, on a thread that may block.
async fn with_download<T: Send + 'static>(
    docker: &Docker,
    container: &str,
    path: &str,
    work: impl FnOnce(Download) -> io::Result<T> + Send + 'static,
) -> Result<T, Failed> {
    let chunks = download(docker, container, path).map_err(Failed::Engine)?;
    let (failed, mut failure) = tokio::sync::oneshot::channel();
    let mut failed = Some(failed);
    let bytes = chunks.map_err(move |error| {
        if let Some(failed) = failed.take() {
            // Nobody listens any more when the work has ended, and then its result counts.
            let _ = failed.send(error);
        }
        io::Error::other("the engine broke off")
    });
    let reader = SyncIoBridge::new(StreamReader::new(bytes.boxed()));
    let worked = tokio::task::spawn_blocking(move || work(reader)).await;
    let worked = worked.unwrap_or_else(|error| Err(io::Error::other(error)));
    worked.map_err(|error| failure.try_recv().map_or(Failed::Work(error), Failed::Engine))
}

/// Unpack an archive with one thing at its top, under this name or into this folder. Blocks.
fn unpack(archive: impl Read, target: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(archive);
    if target.is_dir() {
        return archive.unpack(target);
    }
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".copying-").tempdir_in(parent)?;
    archive.unpack(draft.path())?;
    let top = std::fs::read_dir(draft.path())?.next().transpose()?;
    let top = top.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the archive is empty"))?;
    std::fs::rename(top.path(), target)
}

/// Whether the path is a folder in the container, or a link to one; what does not exist is none.
async fn is_folder(docker: &Docker, container: &str, path: &str) -> Result<bool, Error> {
    checked_name(container)?;
    let mut path = path.to_owned();
    // The engine resolves a link to the end, so a second look is enough.
    for _ in 0..2 {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(&path).build();
        match docker.api().get_container_archive_info(container, Some(options)).await {
            Ok(found) if found.link_target.is_empty() || found.file_mode & GO_FOLDER != 0 => {
                return Ok(found.file_mode & GO_FOLDER != 0);
            }
            Ok(found) => path = found.link_target,
            // The answer to a HEAD request has no text: a missing container is found out when the upload asks for it.
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(false),
            Err(error) => return Err(Error::about("look into", Subject::Container(container), error)),
        }
    }
    Ok(false)
}

/// A tar archive on its way to a container.
enum Body {
    Bytes(Bytes),
    Stream(BoxStream<'static, io::Result<Bytes>>),
}

/// Unpack an archive in a container's root folder.
async fn upload(docker: &Docker, container: &str, body: Body) -> Result<(), Error> {
    checked_name(container)?;
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    let body = match body {
        Body::Bytes(bytes) => bollard::body_full(bytes),
        Body::Stream(chunks) => bollard::body_try_stream(chunks),
    };
    let sent = docker.patient().upload_to_container(container, Some(options), body).await;
    sent.map_err(|error| Error::about("copy files to", Subject::Container(container), error))
}

fn download(docker: &Docker, container: &str, path: &str) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
    checked_name(container)?;
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    let owner = container.to_owned();
    let chunks = docker.patient().download_from_container(container, Some(options));
    Ok(chunks.map_err(move |error| Error::about("copy files from", Subject::Container(&owner), error)).boxed())
}

fn unpacking(container: &str, path: &str, source: io::Error) -> Error {
    Error::Stream { what: format!("unpack `{path}` of container `{container}`"), source }
}

fn packing(path: &str, source: io::Error) -> Error {
    Error::Stream { what: format!("pack `{path}`"), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_packed_and_unpacked_under_a_new_name() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::create_dir_all(source.join("empty")).unwrap();
        std::fs::write(source.join("a.txt"), "hello").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("a.txt", source.join("link")).unwrap();
        let mut archive = Vec::new();
        pack(&source, Path::new("deep/er"), &mut archive).unwrap();
        let target = folder.path().join("target");
        unpack(&*archive, &target).unwrap();
        assert_eq!(std::fs::read_to_string(target.join("er/a.txt")).unwrap(), "hello");
        assert!(target.join("er/empty").is_dir());
        #[cfg(unix)]
        assert_eq!(std::fs::read_link(target.join("er/link")).unwrap(), Path::new("a.txt"));
    }

    #[test]
    fn an_archive_cannot_write_outside_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.set_mode(0o644);
        header.as_old_mut().name[..8].copy_from_slice(b"../../up");
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, &b"x"[..]).unwrap();
        let archive = archive.into_inner().unwrap();
        let inside = folder.path().join("a/b");
        std::fs::create_dir_all(&inside).unwrap();
        unpack(&*archive, &inside).unwrap();
        assert!(!folder.path().join("up").exists());
    }

    #[test]
    fn only_absolute_paths_of_files_are_written() {
        assert_eq!(below_root("/etc/a.yaml").unwrap(), Path::new("etc/a.yaml"));
        for bad in ["a", "/", "/a/", "/a/../b", ""] {
            assert!(matches!(below_root(bad), Err(Error::BadSpec { .. })), "{bad}");
        }
    }

    #[test]
    fn a_link_leads_from_its_own_folder() {
        assert_eq!(beside("/etc/os-release", "../usr/lib/os-release"), "/etc/../usr/lib/os-release");
        assert_eq!(beside("/etc/a", "/b"), "/b");
    }
}

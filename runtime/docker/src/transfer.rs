//! Images as streams: load, save, and one saved stream for many readers.

use std::{io, path::Path, pin::Pin};

use bollard::query_parameters::ImportImageOptionsBuilder;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, future};
use meshrun_terms::Steps;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tokio_util::io::ReaderStream;

use crate::{Docker, Error, classify::Subject, images, images::checked_reference};

/// How many chunks a reader of a shared stream may lag behind the fastest one.
const LAG: usize = 32;
const CHUNK: usize = 256 * 1024;

/// Load images from a tar archive as `docker save` writes it, also a compressed one. Returns their names, or their ids when they
/// have none.
///
/// # Errors
/// `docker::unreadable`; `docker::engine` when the archive is damaged.
pub async fn load_file(docker: &Docker, path: &Path, steps: &Steps) -> Result<Vec<String>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let total = file.metadata().await.map_err(unreadable)?.len();
    let (what, steps, mut done) = (format!("bytes of {}", path.display()), steps.clone(), 0);
    let counted = ReaderStream::with_capacity(file, CHUNK).inspect_ok(move |chunk| {
        let before = done;
        done += chunk.len() as u64;
        // A hundred times in all, and at the end.
        if done == total || before * 100 / total.max(1) != done * 100 / total.max(1) {
            steps.count(what.clone(), done, total);
        }
    });
    load(docker, counted).await
}

/// Load images from the stream of a tar archive. Returns their names, or their ids when they have none. Dropping the call ends
/// the load; the engine keeps no part of an image that was not complete.
///
/// # Errors
/// `docker::stream` when the stream fails; `docker::engine` when the archive is damaged.
pub async fn load(
    docker: &Docker,
    archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<Vec<String>, Error> {
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let (failed, mut failure) = tokio::sync::oneshot::channel();
    let watched = watch(archive, failed);
    let mut told = docker.patient().import_image_stream(options, watched, None).boxed();
    let mut text = String::new();
    while let Some(info) = told.next().await {
        let info = match (info, failure.try_recv()) {
            (_, Ok(source)) => return Err(Error::Stream { what: "read the archive of images".to_owned(), source }),
            (info, Err(_)) => info.map_err(|error| Error::engine("load images", error))?,
        };
        text.push_str(&info.stream.unwrap_or_default());
    }
    Ok(loaded(&text))
}

/// Pass a stream on; its error goes to the channel too, for the one that arrives through the connection has lost its text.
fn watch(
    archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    failed: tokio::sync::oneshot::Sender<io::Error>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut failed = Some(failed);
    archive.map_err(move |error| {
        let copy = io::Error::new(error.kind(), error.to_string());
        if let Some(failed) = failed.take() {
            // Nobody listens any more when the engine has given up first, and then its error is the one to tell.
            let _ = failed.send(error);
        }
        copy
    })
}

/// The names in the engine's words: `Loaded image: busybox:latest`, `Loaded image ID: sha256:...`.
fn loaded(text: &str) -> Vec<String> {
    let name = |line: &str| {
        let rest = line.trim().strip_prefix("Loaded image")?;
        rest.strip_prefix(" ID: ").or_else(|| rest.strip_prefix(": ")).map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}

/// The tar archive of these images as a stream, layers that they share only once. All of them must be on the engine.
///
/// # Errors
/// `docker::no_image`.
pub async fn save(
    docker: &Docker,
    names: &[&str],
) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
    future::try_join_all(names.iter().map(|name| images::inspect(docker, name))).await?;
    names.iter().try_for_each(|name| checked_reference(name))?;
    let all = names.join(", ");
    let chunks = docker.patient().export_images(names);
    Ok(chunks.map_err(move |error| Error::about("save", Subject::Image(&all), error)))
}

/// Write the tar archive of these images to a file. The file appears when it is complete. Returns whether it was written; one
/// that has the same bytes already is left alone.
///
/// # Errors
/// `docker::no_image`, `docker::unwritable`.
pub async fn save_file(docker: &Docker, names: &[&str], path: &Path, steps: &Steps) -> Result<bool, Error> {
    let unwritable = |source| Error::Unwritable { path: path.to_owned(), source };
    let mut chunks = save(docker, names).await?.boxed();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".saving-").tempfile_in(folder).map_err(unwritable)?;
    let mut file = tokio::fs::File::from_std(draft.reopen().map_err(unwritable)?);
    let (mut digest, mut done) = (Sha256::new(), 0);
    while let Some(chunk) = chunks.try_next().await? {
        let before = done;
        done += chunk.len() as u64;
        digest.update(&chunk);
        file.write_all(&chunk).await.map_err(unwritable)?;
        if before >> 26 != done >> 26 {
            steps.count(format!("bytes of {}", path.display()), done, 0);
        }
    }
    file.flush().await.map_err(unwritable)?;
    if digest_of(path, done).await.map_err(unwritable)? == Some(digest.finalize().to_vec()) {
        return Ok(false);
    }
    draft.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(true)
}

/// The SHA-256 of a file of this length; none when there is no such file or it has another length.
async fn digest_of(path: &Path, length: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if file.metadata().await?.len() != length {
        return Ok(None);
    }
    let mut digest = Sha256::new();
    let mut chunks = ReaderStream::with_capacity(file, CHUNK);
    while let Some(chunk) = chunks.try_next().await? {
        digest.update(&chunk);
    }
    Ok(Some(digest.finalize().to_vec()))
}

/// A stream of chunks as [`fan_out`] hands it to a reader and as [`Input`](crate::Input) takes it.
pub type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Read a stream once for many readers. Returns a stream for each of them, and the act of reading, which must be awaited beside the
/// readers. Nobody is more than a few chunks ahead: the slowest reader sets the pace. A reader that is dropped is left out; when
/// all are gone the reading ends. An error of the source reaches every reader, so that none takes a part for the whole.
pub fn fan_out<S>(source: S, readers: usize) -> (Vec<Chunks>, impl Future<Output = Result<(), Error>> + Send)
where
    S: Stream<Item = Result<Bytes, Error>> + Send,
{
    let (senders, streams): (Vec<_>, Vec<Chunks>) = (0..readers)
        .map(|_| {
            let (sender, mut receiver) = mpsc::channel(LAG);
            let chunks: Chunks = Box::pin(futures::stream::poll_fn(move |context| receiver.poll_recv(context)));
            (sender, chunks)
        })
        .unzip();
    (streams, hand_out(source, senders))
}

async fn hand_out<S>(source: S, mut senders: Vec<mpsc::Sender<io::Result<Bytes>>>) -> Result<(), Error>
where
    S: Stream<Item = Result<Bytes, Error>> + Send,
{
    let mut source = std::pin::pin!(source);
    while let Some(chunk) = source.next().await {
        let bytes = match chunk {
            Ok(bytes) => bytes,
            Err(error) => {
                let broken = || io::Error::new(io::ErrorKind::BrokenPipe, "the source of the stream failed");
                future::join_all(senders.iter().map(|sender| sender.send(Err(broken())))).await;
                return Err(error);
            }
        };
        let alive = future::join_all(senders.iter().map(|sender| sender.send(Ok(bytes.clone())))).await;
        let mut alive = alive.into_iter();
        senders.retain(|_| alive.next().is_some_and(|sent| sent.is_ok()));
        if senders.is_empty() {
            return Ok(());
        }
    }
    Ok(())
}

/// Save these images once and write the archive to every writer at the same time, closing each at the end. Returns how each
/// writer fared, in order; one that fails does not disturb the others.
///
/// # Errors
/// `docker::no_image`, and when the engine breaks off.
pub async fn save_to<W: AsyncWrite + Send + Unpin>(
    docker: &Docker,
    names: &[&str],
    writers: Vec<W>,
) -> Result<Vec<io::Result<()>>, Error> {
    let (streams, reading) = fan_out(save(docker, names).await?, writers.len());
    let writing = future::join_all(streams.into_iter().zip(writers).map(|(chunks, writer)| copy(chunks, writer)));
    let (read, written) = future::join(reading, writing).await;
    read.map(|()| written)
}

async fn copy<W: AsyncWrite + Unpin>(mut chunks: Chunks, mut writer: W) -> io::Result<()> {
    while let Some(chunk) = chunks.try_next().await? {
        writer.write_all(&chunk).await?;
    }
    writer.shutdown().await
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn chunk(number: u8) -> Result<Bytes, Error> {
        Ok(Bytes::from(vec![number]))
    }

    async fn all(chunks: Chunks) -> io::Result<Vec<u8>> {
        chunks
            .try_fold(Vec::new(), |mut all, chunk| async move {
                all.extend_from_slice(&chunk);
                Ok(all)
            })
            .await
    }

    #[tokio::test]
    async fn every_reader_gets_everything_and_a_gone_one_hinders_none() {
        let (mut streams, reading) = fan_out(stream::iter((0..200).map(chunk)), 3);
        drop(streams.pop());
        let (read, got) = future::join(reading, future::join_all(streams.into_iter().map(all))).await;
        read.unwrap();
        let expected: Vec<u8> = (0..200).collect();
        for one in got {
            assert_eq!(one.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn an_error_of_the_source_reaches_every_reader() {
        let source = stream::iter([chunk(1), Err(Error::NoImage { image: "a".into() })]);
        let (streams, reading) = fan_out(source, 2);
        let (read, got) = future::join(reading, future::join_all(streams.into_iter().map(all))).await;
        assert!(matches!(read, Err(Error::NoImage { .. })));
        assert!(got.iter().all(|one| one.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe)));
    }

    #[tokio::test]
    async fn reading_ends_when_every_reader_is_gone() {
        let (streams, reading) = fan_out(stream::repeat_with(|| chunk(1)), 2);
        drop(streams);
        reading.await.unwrap();
    }

    #[test]
    fn the_names_of_loaded_images_are_read() {
        let text = "Loaded image: busybox:latest\nLoaded image ID: sha256:12\nsomething else\n";
        assert_eq!(loaded(text), ["busybox:latest", "sha256:12"]);
    }
}

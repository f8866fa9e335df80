//! Reads a kubeconfig file and replaces it as a whole, under its lock.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use meshrun_terms::Timeout;
use serde_json::Value;

use super::lock::lock;
use crate::Error;

/// Read a file; one that does not exist or is empty is null.
pub(crate) fn read(path: &Path) -> Result<Value, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(source) => return Err(Error::Unreadable { path: path.into(), source }),
    };
    parse(&text, &path.display().to_string())
}

/// Read a kubeconfig's text. An error names the place but shows none of the text, for it may be a key.
pub(crate) fn parse(text: &str, name: &str) -> Result<Value, Error> {
    let malformed = |source: meshrun_yaml::Error| Error::Malformed { source: source.in_file(name).without_source() };
    let value = meshrun_yaml::parse(text).map_err(malformed)?;
    if value.is_object() || value.is_null() {
        return Ok(value);
    }
    Err(Error::NotAKubeconfig { file: name.to_owned() })
}

/// Change a file under its lock. It is written only when the edit changes something; tells whether it did. `edit` may
/// refuse, and then nothing is written.
pub(crate) async fn change(
    path: &Path,
    timeout: Timeout,
    edit: impl FnOnce(&mut Value) -> Result<(), Error>,
) -> Result<bool, Error> {
    let _lock = lock(path, timeout).await?;
    let before = read(path)?;
    let mut after = before.clone();
    edit(&mut after)?;
    if after == before {
        return Ok(false);
    }
    replace(path, &meshrun_yaml::to_string(&after))
        .map_err(|source| Error::Unwritable { path: path.into(), source })?;
    Ok(true)
}

/// Put a new text in the file's place, so that a reader sees the old one or the new one. Symbolic links are followed; the
/// mode is kept, a new file is for its owner only.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = resolve(path)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".kubeconfig-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(metadata) = fs::metadata(&target) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// The file behind a chain of symbolic links, also when it does not exist yet.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use serde_json::json;

    use super::*;

    const SOON: Timeout = Timeout::seconds(30);

    fn set(key: &'static str, to: Value) -> impl FnOnce(&mut Value) -> Result<(), Error> {
        move |value| {
            value[key] = to;
            Ok(())
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_new_file_is_private_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/config");
        assert!(change(&file, SOON, set("a", json!(1))).await.unwrap());
        assert_eq!((mode(&file), fs::read_to_string(&file).unwrap().as_str()), (0o600, "a: 1\n"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(change(&file, SOON, set("b", json!("yes"))).await.unwrap());
        assert_eq!((mode(&file), fs::read_to_string(&file).unwrap().as_str()), (0o640, "a: 1\nb: \"yes\"\n"));
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no lock, no temporary file is left");
    }

    #[tokio::test]
    async fn nothing_is_written_when_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, "# a comment\na: 1\n").unwrap();
        let before = fs::metadata(&file).unwrap().ino();
        assert!(!change(&file, SOON, |_| Ok(())).await.unwrap());
        assert_eq!(fs::metadata(&file).unwrap().ino(), before);
        assert!(fs::read_to_string(&file).unwrap().contains("# a comment"));
    }

    #[tokio::test]
    async fn links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, real) = (folder.path().join("config"), folder.path().join("real"));
        symlink("real", &link).unwrap();
        assert!(change(&link, SOON, set("a", json!(1))).await.unwrap());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "a: 1\n");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let writers = (0..24).map(|number| {
            let file = file.clone();
            tokio::spawn(async move {
                change(&file, SOON, |value| {
                    value[format!("k{number}")] = json!(number);
                    Ok(())
                })
                .await
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            assert!(writer.await.unwrap().unwrap());
        }
        assert_eq!(read(&file).unwrap().as_object().unwrap().len(), 24);
    }

    #[test]
    fn a_broken_file_is_named_and_not_shown() {
        let error = parse("token: abc\nother: [", "config").unwrap_err();
        let text = format!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(text.contains("config:") && !text.contains("abc"), "{text}");
    }
}

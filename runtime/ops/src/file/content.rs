//! Files read whole, and written whole or not at all.

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

use meshrun_terms::Steps;
use tokio::fs;

use super::{error::Error, mode::Mode};

/// The bytes of a file.
pub async fn read_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).await.map_err(Error::reading(path))
}

/// The text of a file.
pub async fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = read_bytes(path).await?;
    String::from_utf8(bytes).map_err(|source| Error::NotText { path: path.to_owned(), source })
}

/// Make the file be so; tells a change only when it was not. An old file keeps its permissions unless others are asked for.
pub async fn write(path: &Path, content: &[u8], mode: Option<Mode>, steps: &Steps) -> Result<bool, Error> {
    let path = &resolved(path).await?;
    let before = match fs::read(path).await {
        Ok(bytes) => Some((bytes, Mode::of(&fs::metadata(path).await.map_err(Error::reading(path))?))),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(Error::reading(path)(error)),
    };
    let wanted = mode.or(before.as_ref().map(|(_, mode)| *mode));
    if before.is_some_and(|(bytes, mode)| bytes == content && Some(mode) == wanted) {
        return Ok(false);
    }
    make_parent(path).await?;
    replace(path, content, wanted)?;
    steps.changed(format!("wrote {}", path.display()));
    Ok(true)
}

/// The file behind a link: the link stays, and what it leads to is written.
async fn resolved(path: &Path) -> Result<std::path::PathBuf, Error> {
    match fs::canonicalize(path).await {
        Ok(real) => Ok(real),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(Error::reading(path)(error)),
    }
}

/// Make the folders above the file.
pub async fn make_parent(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(parent) => fs::create_dir_all(parent).await.map_err(Error::writing(parent)),
        None => Ok(()),
    }
}

/// Fill a file beside it and give it the name.
fn replace(path: &Path, content: &[u8], mode: Option<Mode>) -> Result<(), Error> {
    let wrong = Error::writing(path);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions =
        <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode.map_or(0o644, Mode::bits));
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.prefix(".meshrun-").tempfile_in(path.parent().unwrap_or(path)).map_err(&wrong)?;
    file.write_all(content).map_err(&wrong)?;
    #[cfg(unix)]
    if let Some(mode) = mode {
        let exactly = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode.bits());
        file.as_file().set_permissions(exactly).map_err(&wrong)?; // the umask took some away
    }
    file.as_file().sync_all().map_err(&wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

//! Istio's archive unpacked: charts, profiles and samples; not the programs. Nothing in it can write elsewhere.

use std::{
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use flate2::read::GzDecoder;
use meshrun_terms::Bytes;
use tar::{Archive, EntryType};

use crate::{
    Error,
    cache::{cannot_read, cannot_write},
};

/// What is unpacked of a release.
const WANTED: [&str; 3] = ["manifests", "samples", "LICENSE"];
/// Istio 1.20.1's largest wanted file has half a megabyte, all together have 10.
const FILE_LIMIT: Bytes = Bytes(32 << 20);
const LIMIT: Bytes = Bytes(256 << 20);
/// The whole archive unpacked, programs included; they are read over.
const READ_LIMIT: Bytes = Bytes(2 << 30);

/// Unpack what is wanted of the archive, whose entries lie in the folder `top`, into `into`.
pub(crate) fn unpack(archive: &Path, top: &str, into: &Path) -> Result<(), Error> {
    let broken = |source| Error::Archive { what: top.to_owned(), source };
    let file = fs::File::open(archive).map_err(cannot_read(archive))?;
    let mut archive = Archive::new(GzDecoder::new(file).take(READ_LIMIT.0));
    let mut left = LIMIT.0;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let Some(path) = wanted(&entry.path().map_err(broken)?, top)? else { continue };
        let shown = path.display().to_string();
        match entry.header().entry_type() {
            EntryType::Directory => continue,
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Symlink | EntryType::Link => return Err(Error::Entry { entry: shown, reason: "a link" }),
            _ => return Err(Error::Entry { entry: shown, reason: "neither file nor folder" }),
        }
        if entry.size() > FILE_LIMIT.0 {
            return Err(Error::TooLarge { what: format!("`{shown}` in the archive"), limit: FILE_LIMIT });
        }
        left = left.checked_sub(entry.size()).ok_or_else(|| Error::TooLarge { what: top.to_owned(), limit: LIMIT })?;
        write(&mut entry, &into.join(&path)).map_err(|error| error.unwrap_or_else(broken))?;
    }
    Ok(())
}

/// The path beneath the archive's top folder, when the entry is wanted.
fn wanted(path: &Path, top: &str) -> Result<Option<PathBuf>, Error> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            _ => return Err(Error::Entry { entry: path.display().to_string(), reason: "a path that leads out of it" }),
        }
    }
    match parts.as_slice() {
        [first, second, ..] if *first == top && WANTED.iter().any(|wanted| second == wanted) => {
            Ok(Some(parts[1..].iter().collect()))
        }
        _ => Ok(None),
    }
}

/// What failed: reading the archive, or writing the file.
enum Failed {
    Reading(io::Error),
    Writing(Error),
}

impl Failed {
    fn unwrap_or_else(self, reading: impl FnOnce(io::Error) -> Error) -> Error {
        match self {
            Self::Reading(source) => reading(source),
            Self::Writing(error) => error,
        }
    }
}

fn write(from: &mut impl Read, path: &Path) -> Result<(), Failed> {
    let mut content = Vec::new();
    from.read_to_end(&mut content).map_err(Failed::Reading)?;
    let failed = |source| Failed::Writing(cannot_write(path)(source));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use tar::{Builder, Header};

    use super::*;

    /// An archive of files, and of one entry of another kind.
    fn archive(files: &[(&str, &str)], odd: Option<(EntryType, &str)>) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut builder = Builder::new(GzEncoder::new(file.reopen().unwrap(), Compression::fast()));
        let mut add = |path: &str, kind: EntryType, content: &str| {
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes()); // set_path refuses `..`
            if kind.is_symlink() {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        };
        files.iter().for_each(|(path, content)| add(path, EntryType::Regular, content));
        if let Some((kind, path)) = odd {
            add(path, kind, "");
        }
        builder.into_inner().unwrap().finish().unwrap();
        file
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        let nested =
            found.iter().flat_map(|path| if path.is_dir() { files(path) } else { vec![path.display().to_string()] });
        nested.collect()
    }

    #[test]
    fn only_charts_profiles_samples_and_the_licence_are_unpacked() {
        let archive = archive(
            &[
                ("istio-1/LICENSE", "l"),
                ("istio-1/bin/istioctl", "program"),
                ("istio-1/manifests/charts/base/Chart.yaml", "name: base"),
                ("./istio-1/samples/a.yaml", "a"),
                ("other/manifests/a.yaml", "b"),
            ],
            None,
        );
        let folder = tempfile::tempdir().unwrap();
        unpack(archive.path(), "istio-1", folder.path()).unwrap();
        let expected = ["LICENSE", "manifests/charts/base/Chart.yaml", "samples/a.yaml"];
        assert_eq!(files(folder.path()), expected.map(|file| folder.path().join(file).display().to_string()));
    }

    #[test]
    fn what_leads_out_and_what_is_no_file_is_refused() {
        let say = |files: &[(&str, &str)], odd| {
            let folder = tempfile::tempdir().unwrap();
            unpack(archive(files, odd).path(), "istio-1", &folder.path().join("in")).unwrap_err().to_string()
        };
        let out = say(&[("istio-1/manifests/../../../x", "x")], None);
        assert_eq!(
            out,
            "the archive has `istio-1/manifests/../../../x`, a path that leads out of it; nothing of it is kept"
        );
        assert!(say(&[("/etc/x", "x")], None).contains("a path that leads out of it"));
        let link = say(&[], Some((EntryType::Symlink, "istio-1/samples/link")));
        assert_eq!(link, "the archive has `samples/link`, a link; nothing of it is kept");
        assert!(say(&[], Some((EntryType::Fifo, "istio-1/samples/pipe"))).contains("neither file nor folder"));
    }

    #[test]
    fn an_archive_that_is_none_or_is_cut_off_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let whole = archive(&[("istio-1/samples/a", &"0123456789".repeat(1000))], None);
        let bytes = fs::read(whole.path()).unwrap();
        fs::write(whole.path(), &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(unpack(whole.path(), "istio-1", folder.path()), Err(Error::Archive { .. })));
        fs::write(whole.path(), "<html>").unwrap();
        assert!(matches!(unpack(whole.path(), "istio-1", folder.path()), Err(Error::Archive { .. })));
    }
}

//! The files in a chart's folder, without those that `.helmignore` names.

use std::path::Path;

use super::{archive::without_mark, ignore::Rules};
use crate::Error;

/// How deep folders may be nested; links that lead in a circle end here.
const MAX_DEPTH: usize = 100;

/// Read the files, by their path in the folder, in the order of a sorted walk. Links are followed.
pub(super) fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let ignore = folder.join(".helmignore");
    let rules = match std::fs::read(&ignore) {
        Ok(bytes) => Rules::parse(&String::from_utf8_lossy(&without_mark(bytes)))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Rules::parse("")?,
        Err(source) => return Err(Error::Read { path: ignore, source }),
    };
    let mut files = Vec::new();
    walk(folder, "", &rules, 0, &mut files)?;
    Ok(files)
}

fn walk(
    folder: &Path,
    prefix: &str,
    rules: &Rules,
    depth: usize,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Error> {
    let unreadable = |source| Error::Read { path: folder.into(), source };
    if depth > MAX_DEPTH {
        return Err(unreadable(std::io::Error::other("folders are nested too deep")));
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
    }
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let unreadable = |source| Error::Read { path: path.clone(), source };
        let in_chart = format!("{prefix}{}", name.to_string_lossy());
        let about = std::fs::metadata(&path).map_err(unreadable)?;
        if rules.ignores(&in_chart, about.is_dir()) {
            continue;
        }
        if about.is_dir() {
            walk(&path, &format!("{in_chart}/"), rules, depth + 1, files)?;
            continue;
        }
        if !about.is_file() {
            let reason = format!("cannot load irregular file {} as it has file mode type bits set", path.display());
            return Err(Error::Unsafe { reason });
        }
        files.push((in_chart, without_mark(std::fs::read(&path).map_err(unreadable)?)));
    }
    Ok(())
}

//! The files in a chart's archive.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::{Error, functions::clean};

/// How much an archive may hold when it is unpacked.
const MAX_SIZE: u64 = 512 << 20;

/// Read the files of a `.tgz`, by their path below its one folder.
pub(super) fn files(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let reason = "file does not appear to be a gzipped archive".into();
        return Err(Error::Unsafe { reason });
    }
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes).take(MAX_SIZE));
    let mut files = Vec::new();
    for entry in archive.entries().map_err(Error::Archive)? {
        let mut entry = entry.map_err(Error::Archive)?;
        if !entry.header().entry_type().is_file() && !entry.header().entry_type().is_contiguous() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name_in_chart(&path)?;
        let mut data = Vec::new();
        entry.read_to_end(&mut data).map_err(Error::Archive)?;
        files.push((name, without_mark(data)));
    }
    match files.is_empty() {
        true => Err(Error::Unsafe { reason: "no files in chart archive".into() }),
        false => Ok(files),
    }
}

/// A text without the byte order mark that some editors put first.
pub(super) fn without_mark(mut data: Vec<u8>) -> Vec<u8> {
    if data.starts_with(&[0xef, 0xbb, 0xbf]) {
        data.drain(..3);
    }
    data
}

fn name_in_chart(path: &str) -> Result<String, Error> {
    let refuse = |reason: &str| Err(Error::Unsafe { reason: reason.into() });
    let delimiter = if path.contains('\\') { '\\' } else { '/' };
    let (folder, rest) = path.split_once(delimiter).unwrap_or((path, ""));
    let name = rest.replace(delimiter, "/");
    if name.starts_with('/') {
        return refuse("chart illegally contains absolute paths");
    }
    let name = clean(&name);
    if folder == "Chart.yaml" {
        return refuse("chart yaml not in base directory");
    }
    if name == "." {
        let path = crate::text::quote(path.as_bytes());
        return refuse(&format!("chart illegally contains content outside the base directory: {path}"));
    }
    if name.starts_with("..") {
        return refuse("chart illegally references parent directory");
    }
    if name.as_bytes().get(1..3) == Some(b":/") && name.as_bytes()[0].is_ascii_alphabetic() {
        return refuse("chart contains illegally named files");
    }
    Ok(name)
}

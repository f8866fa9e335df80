//! `tar`: folders into archives and out of them.

use std::io::Read;

use super::{fail, options::Options, unknown};
use crate::{
    docker::files::{Content, Entry, Files, append, plain_archive},
    node::{io::Io, shell::Shell},
};

/// Run it.
pub async fn run(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let mut arguments = arguments.to_vec();
    // The oldest form has no dash: `tar cf - x`.
    if let Some(first) = arguments.first_mut().filter(|first| !first.starts_with('-')) {
        first.insert(0, '-');
    }
    let options = Options::new(&arguments, &["f", "C", "file", "directory"]);
    let known =
        ["f", "C", "file", "directory", "x", "c", "t", "v", "z", "h", "p", "create", "extract", "dereference", "gzip"];
    if let Some(strange) = options.strange(&known) {
        return unknown(shell, &format!("tar --{strange}"), io).await;
    }
    let folder = shell.path(options.value(&["C", "directory"]).unwrap_or("."));
    let file = options.value(&["f", "file"]).unwrap_or("-").to_owned();
    if !shell.with_files(|files| files.is_folder(&folder)).unwrap_or(false) {
        io.err.say(format!("tar: {folder}: Cannot open: No such file or directory\n")).await;
        return 2;
    }
    if options.has(&["c", "create"]) {
        return create(shell, &options, &folder, &file, io).await;
    }
    let archive = if file == "-" { Some(io.input.all().await) } else { shell.read(&file) };
    let Some(archive) = archive else {
        return fail(io, "tar", format!("{file}: Cannot open: No such file or directory")).await;
    };
    if options.has(&["t"]) {
        return match names(&archive) {
            Ok(text) => {
                io.out.say(text).await;
                0
            }
            Err(error) => broken(io, &error).await,
        };
    }
    let unpacked = shell.with_files(|files| {
        let mut changed = files.clone();
        changed.unpack(&folder, &archive)?;
        *files = changed;
        Ok::<(), std::io::Error>(())
    });
    match unpacked {
        Some(Err(error)) => broken(io, &error).await,
        _ => 0,
    }
}

async fn broken(io: &Io, error: &std::io::Error) -> i64 {
    io.err.say(format!("tar: {error}\ntar: Error is not recoverable: exiting now\n")).await;
    2
}

fn names(archive: &[u8]) -> std::io::Result<String> {
    let mut archive = tar::Archive::new(plain_archive(archive)?);
    let mut text = String::new();
    for entry in archive.entries()? {
        text.push_str(&String::from_utf8_lossy(&entry?.path_bytes()));
        text.push('\n');
    }
    Ok(text)
}

async fn create(shell: &Shell, options: &Options, folder: &str, file: &str, io: &Io) -> i64 {
    let follows = options.has(&["h", "dereference"]);
    let mut builder = tar::Builder::new(Vec::new());
    let mut code = 0;
    for name in &options.rest {
        let path = Files::plain(folder, name);
        let added = shell.with_files(|files| add(files, &mut builder, &path, name, follows));
        match added {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                io.err.say(format!("tar: {name}: Cannot stat: No such file or directory\n")).await;
                code = 2;
            }
            Some(Err(error)) => return broken(io, &error).await,
            None => return 2,
        }
    }
    let archive = match builder.into_inner() {
        Ok(archive) => archive,
        Err(error) => return broken(io, &error).await,
    };
    let archive = if options.has(&["z", "gzip"]) { compressed(&archive) } else { archive };
    match file {
        "-" => io.out.say(archive).await,
        path => shell.write(path, archive),
    }
    code
}

fn compressed(archive: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    // Memory takes whatever is written to it.
    _ = flate2::read::GzEncoder::new(archive, flate2::Compression::fast()).read_to_end(&mut all);
    all
}

fn add(
    files: &Files,
    builder: &mut tar::Builder<Vec<u8>>,
    path: &str,
    name: &str,
    follows: bool,
) -> std::io::Result<bool> {
    let Some(entry) = (if follows { files.get(path) } else { files.get_itself(path) }) else { return Ok(false) };
    append(builder, name, &entry)?;
    let plain = files.resolved(path);
    if entry.content != Content::Folder {
        return Ok(true);
    }
    for (one, entry) in files.beneath(&plain) {
        let inner = format!("{}{}", name.trim_end_matches('/'), &one[plain.len()..]);
        let entry = match entry.content {
            // A link that leads nowhere is left out when links are followed.
            Content::Link(_) if follows => files.get(one).filter(|found| matches!(found.content, Content::File(_))),
            _ => Some(Entry::clone(entry)),
        };
        if let Some(entry) = entry {
            append(builder, &inner, &entry)?;
        }
    }
    Ok(true)
}

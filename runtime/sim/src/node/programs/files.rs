//! Programs that work on files.

use bytes::Bytes;

use super::{fail, options::Options, unknown};
use crate::{
    docker::files::{Content, Entry, now},
    node::{io::Io, shell::Shell},
};

/// Run one of them.
pub async fn run(shell: &mut Shell, name: &str, arguments: &[String], io: &Io) -> i64 {
    match name {
        "cat" => cat(shell, arguments, io).await,
        "cp" => copy(shell, arguments, io).await,
        "mkdir" => {
            let options = Options::new(arguments, &["m"]);
            for path in &options.rest {
                let path = shell.path(path);
                if !options.has(&["p", "parents"]) && shell.with_files(|files| files.get(&path)).flatten().is_some() {
                    return fail(io, "mkdir", format!("cannot create directory '{path}': File exists")).await;
                }
                let _gone = shell.with_files(|files| files.folder(&path, now())); // the container may have been removed
            }
            0
        }
        "rm" => {
            let options = Options::new(arguments, &[]);
            for path in &options.rest {
                let plain = shell.path(path);
                let removed = shell.with_files(|files| files.remove(&plain)).unwrap_or(false);
                if !removed && !options.has(&["f", "force"]) {
                    return fail(io, "rm", format!("cannot remove '{path}': No such file or directory")).await;
                }
            }
            0
        }
        "mv" => {
            let code = copy(shell, &[vec!["-r".to_owned()], arguments.to_vec()].concat(), io).await;
            if let Some(from) = Options::new(arguments, &[]).rest.first().filter(|_| code == 0) {
                let from = shell.path(from);
                let _gone = shell.with_files(|files| files.remove(&from)); // the container may have been removed
            }
            code
        }
        "ln" => link(shell, arguments, io).await,
        "ls" => list(shell, arguments, io).await,
        "touch" => {
            for path in Options::new(arguments, &[]).rest {
                let before = shell.read(&path).unwrap_or_default();
                shell.write(&path, before);
            }
            0
        }
        "chmod" => chmod(shell, arguments, io).await,
        _ => {
            let inner =
                if name == "[" { arguments.strip_suffix(&["]".to_owned()]).unwrap_or(arguments) } else { arguments };
            test(shell, inner, io).await
        }
    }
}

async fn input(shell: &Shell, path: &str, io: &Io) -> Option<Bytes> {
    match path {
        "-" | "/dev/stdin" => Some(io.input.all().await),
        "/dev/null" => Some(Bytes::new()),
        path => shell.read(path),
    }
}

async fn cat(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let mut code = 0;
    let stdin = ["-".to_owned()];
    for path in if arguments.is_empty() { &stdin } else { arguments } {
        match input(shell, path, io).await {
            Some(bytes) => io.out.say(bytes).await,
            None => {
                let plain = shell.path(path);
                let folder = shell.with_files(|files| files.is_folder(&plain)).unwrap_or(false);
                let reason = if folder { "Is a directory" } else { "No such file or directory" };
                code = fail(io, "cat", format!("{path}: {reason}")).await;
            }
        }
    }
    code
}

async fn copy(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &[]);
    let [from, to] = options.rest.as_slice() else {
        return fail(io, "cp", "expected a source and a destination").await;
    };
    let (source, mut target) = (shell.path(from), shell.path(to));
    if shell.with_files(|files| files.is_folder(&target)).unwrap_or(false) {
        target = format!("{}/{}", target.trim_end_matches('/'), source.rsplit('/').next().unwrap_or_default());
    }
    if let Some(bytes) = input(shell, from, io).await {
        shell.write(&target, bytes);
        return 0;
    }
    let is_folder = shell.with_files(|files| files.is_folder(&source)).unwrap_or(false);
    if !is_folder || !options.has(&["r", "R", "a", "recursive"]) {
        return fail(io, "cp", format!("cannot stat '{from}': No such file or directory")).await;
    }
    let copied = shell.with_files(|files| {
        let all: Vec<(String, Entry)> =
            files.beneath(&source).map(|(path, entry)| (path.clone(), entry.clone())).collect();
        files.folder(&target, now());
        for (path, entry) in all {
            files.put(&format!("{target}{}", &path[source.len()..]), entry);
        }
    });
    i64::from(copied.is_none())
}

async fn link(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &[]);
    let [target, path] = options.rest.as_slice() else { return fail(io, "ln", "expected a target and a name").await };
    if !options.has(&["s", "symbolic"]) {
        return unknown(shell, "ln without -s", io).await;
    }
    let path = shell.path(path);
    let entry = Entry { content: Content::Link(target.clone()), mode: 0o777, modified: now() };
    let _gone = shell.with_files(|files| files.put(&path, entry)); // the container may have been removed
    0
}

async fn list(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &[]);
    if let Some(strange) = options.strange(&["1", "a", "A"]) {
        return unknown(shell, &format!("ls -{strange}"), io).await;
    }
    let here = [".".to_owned()];
    let paths = if options.rest.is_empty() { &here[..] } else { &options.rest[..] };
    for path in paths {
        let plain = shell.path(path);
        let entry = shell.with_files(|files| files.get(&plain).map(|entry| (entry, files.children(&plain)))).flatten();
        match entry {
            Some((Entry { content: Content::Folder, .. }, names)) => {
                let hidden = options.has(&["a", "A"]);
                for name in names.iter().filter(|name| hidden || !name.starts_with('.')) {
                    io.out.say(format!("{name}\n")).await;
                }
            }
            Some(_) => io.out.say(format!("{path}\n")).await,
            None => {
                io.err.say(format!("ls: cannot access '{path}': No such file or directory\n")).await;
                return 2;
            }
        }
    }
    0
}

async fn chmod(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &[]);
    let Some((mode, paths)) = options.rest.split_first() else { return fail(io, "chmod", "expected a mode").await };
    let Ok(mode) = u32::from_str_radix(mode, 8) else { return unknown(shell, &format!("chmod {mode}"), io).await };
    for path in paths {
        let plain = shell.path(path);
        let changed = shell.with_files(|files| {
            let entry = files.get(&plain)?;
            files.put(&plain, Entry { mode, ..entry });
            Some(())
        });
        if changed.flatten().is_none() {
            return fail(io, "chmod", format!("cannot access '{path}': No such file or directory")).await;
        }
    }
    0
}

async fn test(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (negated, words) = match words.as_slice() {
        ["!", rest @ ..] => (true, rest),
        all => (false, all),
    };
    let entry = |path: &str| {
        let plain = shell.path(path);
        shell.with_files(|files| files.get(&plain)).flatten()
    };
    let number = |text: &str| text.parse::<i64>();
    let truth = match words {
        [] => Some(false),
        [text] => Some(!text.is_empty()),
        ["-n", text] => Some(!text.is_empty()),
        ["-z", text] => Some(text.is_empty()),
        ["-e", path] => Some(entry(path).is_some()),
        ["-f", path] => Some(entry(path).is_some_and(|one| matches!(one.content, Content::File(_)))),
        ["-d", path] => Some(entry(path).is_some_and(|one| one.content == Content::Folder)),
        ["-S", path] => Some(entry(path).is_some_and(|one| one.content == Content::Socket)),
        ["-s", path] => {
            Some(entry(path).is_some_and(|one| matches!(one.content, Content::File(bytes) if !bytes.is_empty())))
        }
        ["-x", path] => Some(entry(path).is_some_and(|one| one.mode & 0o111 != 0)),
        ["-r" | "-w", path] => Some(entry(path).is_some()),
        [one, "=" | "==", other] => Some(one == other),
        [one, "!=", other] => Some(one != other),
        [one, sign @ ("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"), other] => match (number(one), number(other)) {
            (Ok(one), Ok(other)) => Some(match *sign {
                "-eq" => one == other,
                "-ne" => one != other,
                "-lt" => one < other,
                "-le" => one <= other,
                "-gt" => one > other,
                _ => one >= other,
            }),
            _ => None,
        },
        _ => None,
    };
    match truth {
        Some(truth) => i64::from(truth == negated),
        None => {
            unknown(shell, &format!("test {}", arguments.join(" ")), io).await;
            2
        }
    }
}

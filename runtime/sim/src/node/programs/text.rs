//! Programs that work on lines of text.

use bytes::Bytes;

use super::{fail, options::Options, unknown};
use crate::node::{io::Io, shell::Shell};

/// Run one of them.
pub async fn run(shell: &Shell, name: &str, arguments: &[String], io: &Io) -> i64 {
    match name {
        "basename" | "dirname" => {
            let path = arguments.first().map(String::as_str).unwrap_or_default();
            let (front, last) = path.trim_end_matches('/').rsplit_once('/').unwrap_or((".", path));
            let front = if front.is_empty() { "/" } else { front };
            io.out.say(format!("{}\n", if name == "basename" { last } else { front })).await;
            0
        }
        "tee" => {
            let bytes = io.input.all().await;
            let options = Options::new(arguments, &[]);
            for path in &options.rest {
                let before = if options.has(&["a"]) { shell.read(path).unwrap_or_default() } else { Bytes::new() };
                shell.write(path, [before.as_ref(), bytes.as_ref()].concat());
            }
            io.out.say(bytes).await;
            0
        }
        "grep" => grep(shell, arguments, io).await,
        "sed" | "cut" => unknown(shell, &format!("{name} {}", arguments.join(" ")), io).await,
        _ => lines(shell, name, arguments, io).await,
    }
}

/// What is to be read: the files, or standard input.
async fn text(shell: &Shell, name: &str, paths: &[String], io: &Io) -> Result<Bytes, i64> {
    if paths.is_empty() || paths == ["-"] {
        return Ok(io.input.all().await);
    }
    let mut all = Vec::new();
    for path in paths {
        match shell.read(path) {
            Some(bytes) => all.extend_from_slice(&bytes),
            None => return Err(fail(io, name, format!("{path}: No such file or directory")).await),
        }
    }
    Ok(all.into())
}

async fn grep(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &["e"]);
    if let Some(strange) = options.strange(&["e", "q", "v", "i", "c", "E", "F", "o", "x"]) {
        return unknown(shell, &format!("grep -{strange}"), io).await;
    }
    let (pattern, paths) = match (options.value(&["e"]), options.rest.split_first()) {
        (Some(pattern), _) => (pattern.to_owned(), &options.rest[..]),
        (None, Some((pattern, paths))) => (pattern.clone(), paths),
        (None, None) => return fail(io, "grep", "expected a pattern").await,
    };
    let pattern = if options.has(&["F"]) { regex::escape(&pattern) } else { pattern };
    let pattern = if options.has(&["x"]) { format!("^(?:{pattern})$") } else { pattern };
    let pattern = regex::RegexBuilder::new(&pattern).case_insensitive(options.has(&["i"])).build();
    let Ok(pattern) = pattern else { return unknown(shell, "grep with this pattern", io).await };
    let text = match text(shell, "grep", paths, io).await {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => return 2,
    };
    let found: Vec<&str> = text.lines().filter(|line| pattern.is_match(line) != options.has(&["v"])).collect();
    if options.has(&["c"]) {
        io.out.say(format!("{}\n", found.len())).await;
    } else if !options.has(&["q"]) {
        for line in &found {
            let part = pattern.find(line).filter(|_| options.has(&["o"])).map_or(*line, |found| found.as_str());
            io.out.say(format!("{part}\n")).await;
        }
    }
    i64::from(found.is_empty())
}

async fn lines(shell: &Shell, name: &str, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &["n", "c", "lines"]);
    let known: &[&str] = match name {
        "head" | "tail" => &["n", "c", "lines"],
        "wc" => &["l", "c"],
        "sort" => &["r", "u", "n"],
        _ => &[],
    };
    if let Some(strange) = options.strange(known) {
        return unknown(shell, &format!("{name} -{strange}"), io).await;
    }
    let bytes = match text(shell, name, &options.rest, io).await {
        Ok(bytes) => bytes,
        Err(code) => return code,
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let all: Vec<&str> = text.lines().collect();
    let count = options.value(&["n", "lines"]).and_then(|count| count.parse().ok()).unwrap_or(10_usize);
    let chosen: Vec<&str> = match name {
        "head" => all.iter().take(count).copied().collect(),
        "tail" => all[all.len().saturating_sub(count)..].to_vec(),
        "sort" => {
            let mut sorted = all;
            sorted.sort_unstable();
            if options.has(&["u"]) {
                sorted.dedup();
            }
            if options.has(&["r"]) {
                sorted.reverse();
            }
            sorted
        }
        "wc" => {
            let told = if options.has(&["c"]) { bytes.len() } else { all.len() };
            io.out.say(format!("{told}\n")).await;
            return 0;
        }
        _ => {
            let digest = crate::docker::image::digest(&bytes);
            let name = options.rest.first().map(String::as_str).unwrap_or("-");
            io.out.say(format!("{}  {name}\n", digest.trim_start_matches("sha256:"))).await;
            return 0;
        }
    };
    for line in chosen {
        io.out.say(format!("{line}\n")).await;
    }
    0
}

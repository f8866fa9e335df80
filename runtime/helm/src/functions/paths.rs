//! Paths with slashes.

use super::{TEXT, arguments::text, fixed};
use crate::template::{
    function::{Code, Function},
    value::Value,
};

const BASE: Code = |_, a| Ok(Value::text(base(&text(&a[0]))));
const DIR: Code = |_, a| Ok(Value::text(dir(&text(&a[0]))));
const CLEAN: Code = |_, a| Ok(Value::text(clean(&text(&a[0]))));
const EXT: Code = |_, a| {
    let path = text(&a[0]);
    let name = &path[path.rfind('/').map_or(0, |at| at + 1)..];
    Ok(Value::text(name.rfind('.').map_or("", |at| &name[at..])))
};
const IS_ABS: Code = |_, a| Ok(Value::Bool(text(&a[0]).starts_with('/')));

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("base", &[TEXT], BASE),
    fixed("dir", &[TEXT], DIR),
    fixed("clean", &[TEXT], CLEAN),
    fixed("ext", &[TEXT], EXT),
    fixed("isAbs", &[TEXT], IS_ABS),
    fixed("osBase", &[TEXT], BASE),
    fixed("osDir", &[TEXT], DIR),
    fixed("osClean", &[TEXT], CLEAN),
    fixed("osExt", &[TEXT], EXT),
    fixed("osIsAbs", &[TEXT], IS_ABS),
];

fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".into();
    }
    match path.trim_end_matches('/').rsplit('/').next() {
        None | Some("") => "/".into(),
        Some(name) => name.into(),
    }
}

fn dir(path: &str) -> String {
    clean(&path[..path.rfind('/').map_or(0, |at| at + 1)])
}

/// The shortest path that means the same: no empty parts, no `.`, `..` resolved where that is possible.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, joined) => format!("/{joined}"),
        (false, joined) if joined.is_empty() => ".".into(),
        (false, joined) => joined,
    }
}

//! URLs, taken apart and put together.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    MAP, TEXT,
    arguments::{map, text},
    fixed,
};
use crate::{
    template::{
        exec::Engine,
        function::Function,
        value::{Map, Value},
    },
    text::quote,
};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("urlParse", &[TEXT], |_, a| {
        let url = text(&a[0]);
        parse(&url)
            .map(Value::map)
            .map_err(|reason| format!("unable to parse url: parse {}: {reason}", quote(url.as_bytes())))
    }),
    fixed("urlJoin", &[MAP], join),
];

type Parts = BTreeMap<Arc<str>, Value>;

fn parse(url: &str) -> Result<Parts, String> {
    if url.chars().any(|character| character.is_ascii_control()) {
        return Err("net/url: invalid control character in URL".into());
    }
    let mut parts = Parts::new();
    let mut put = |name: &str, value: &str| {
        parts.insert(name.into(), Value::text(value));
    };
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    put("fragment", &unescaped(fragment)?);
    let (scheme, rest) = scheme(rest)?;
    put("scheme", &scheme);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    put("query", query);
    let (mut opaque, mut authority, mut path) = ("", "", rest);
    if !rest.starts_with('/') && !scheme.is_empty() {
        (opaque, path) = (rest, "");
    } else if !rest.starts_with('/') && rest.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err("first path segment in URL cannot contain colon".into());
    } else if let Some(after) = rest.strip_prefix("//")
        && !(scheme.is_empty() && rest.starts_with("///"))
    {
        let end = after.find('/').unwrap_or(after.len());
        (authority, path) = after.split_at(end);
    }
    let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    check_port(host)?;
    put("opaque", opaque);
    put("userinfo", userinfo);
    put("host", &unescaped(host)?);
    put("hostname", hostname(host));
    put("path", &unescaped(path)?);
    Ok(parts)
}

fn scheme(url: &str) -> Result<(String, &str), String> {
    for (at, character) in url.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".into()),
            ':' => return Ok((url[..at].to_ascii_lowercase(), &url[at + 1..])),
            _ => break,
        }
    }
    Ok((String::new(), url))
}

fn check_port(host: &str) -> Result<(), String> {
    let after_brackets = host.rfind(']').map_or(host, |at| &host[at + 1..]);
    match after_brackets.rfind(':').map(|at| &after_brackets[at..]) {
        Some(port) if !port[1..].bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("invalid port {} after host", quote(port.as_bytes())))
        }
        _ => Ok(()),
    }
}

fn hostname(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits: Vec<u8> = bytes.clone().take(2).collect();
        let value = std::str::from_utf8(&digits).ok().filter(|digits| digits.len() == 2);
        let Some(value) = value.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            let shown = format!("%{}", String::from_utf8_lossy(&digits));
            return Err(format!("invalid URL escape {}", quote(shown.as_bytes())));
        };
        out.push(value);
        bytes.nth(1);
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn part(parts: &Map, name: &str) -> Result<String, String> {
    match parts.get(name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(other) => {
            Err(format!("unable to parse {name} key, must be of type string, but {} found", other.kind_name()))
        }
    }
}

fn join(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let parts = map(&arguments[0]);
    let (scheme, host, path) = (part(&parts, "scheme")?, part(&parts, "host")?, part(&parts, "path")?);
    let (query, opaque) = (part(&parts, "query")?, part(&parts, "opaque")?);
    let (fragment, userinfo) = (part(&parts, "fragment")?, part(&parts, "userinfo")?);
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(&format!("{scheme}:"));
    }
    if !opaque.is_empty() {
        out.push_str(&opaque);
    } else {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            let named = !host.is_empty() || !path.is_empty() || !userinfo.is_empty();
            out.push_str(if named { "//" } else { "" });
            if !userinfo.is_empty() {
                out.push_str(&format!("{userinfo}@"));
            }
            out.push_str(&escaped(&host, "!$&'()*+,;=:[]<>\""));
        }
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        out.push_str(&escaped(&path, "$&+,/:;=@!'()*"));
    }
    if !query.is_empty() {
        out.push_str(&format!("?{query}"));
    }
    if !fragment.is_empty() {
        out.push_str(&format!("#{}", escaped(&fragment, "$&+,/:;=?@!()*'")));
    }
    Ok(Value::text(out))
}

fn escaped(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '~' => out.push(character),
            character if character.is_ascii() && keep.contains(character) => out.push(character),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

//! The cases of the engine's API, which a real engine and the simulated one pass: data in `tests/conformance/docker.yaml`, run in order.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

const CASES: &str = include_str!("../../../../tests/conformance/docker.yaml");

/// A case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    request: String,
    #[serde(default)]
    body: Option<Value>,
    status: u16,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    fields: serde_json::Map<String, Value>,
}

/// Run all cases on the engine behind a socket. Returns what is not as it should be.
pub fn run(socket: &str) -> Vec<String> {
    let (status, said) =
        ask(socket, "POST", "/v1.41/images/create?fromSrc=-&repo=mrconf-image&tag=1", "application/x-tar", &image());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&said));
    let cases: Vec<Case> = serde_yaml::from_str(CASES).unwrap();
    assert!(cases.len() >= 75);
    cases.iter().filter_map(|case| wrong(socket, case)).collect()
}

fn wrong(socket: &str, case: &Case) -> Option<String> {
    let (method, path) = case.request.split_once(' ').unwrap();
    let body = case.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let (status, said) = ask(socket, method, path, "application/json", &body);
    let answer: Value = serde_json::from_slice(&said).unwrap_or(Value::Null);
    let mut wrong = Vec::new();
    if status != case.status {
        wrong.push(format!("status {status}, expected {}", case.status));
    }
    if let Some(pattern) = &case.message {
        let message = answer["message"].as_str().unwrap_or_default();
        if !regex::Regex::new(pattern).unwrap().is_match(message) {
            wrong.push(format!("said `{message}`"));
        }
    }
    for (place, expected) in &case.fields {
        let found = answer.pointer(place).unwrap_or(&Value::Null);
        if found != expected {
            wrong.push(format!("{place} is {found}, expected {expected}"));
        }
    }
    (!wrong.is_empty()).then(|| format!("{}: {}", case.name, wrong.join("; ")))
}

/// An archive of one file.
fn image() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    builder.append_data(&mut header, "hello", &b"hi"[..]).unwrap();
    builder.into_inner().unwrap()
}

/// Ask, and read the answer to its end.
fn ask(socket: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
    let path = path.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
    let kind = if body.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n{kind}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&all[..end]).to_lowercase();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    let body = all.split_off(end + 4);
    (status, if head.contains("transfer-encoding: chunked") { joined(&body) } else { body })
}

/// The chunks of a body, joined.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        all.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    all
}

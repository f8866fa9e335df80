//! `process::*`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::Bench;

/// A program of the test's own.
fn program(bench: &Bench, name: &str, text: &str) {
    let path = bench.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn arguments_input_environment_and_folder_reach_the_program() {
    let bench = Bench::with_variables([("OURS", "a".to_owned())]);
    fs::create_dir(bench.path().join("deep")).unwrap();
    program(&bench, "show", r#"printf '[%s]' "$@"; cat; printf '%s %s ' "$OURS" "$MORE"; pwd; echo note >&2"#);
    let given =
        json!(["./show", ["$HOME", "a b", "*"], { "stdin": "in ", "env": { "MORE": "b" }, "directory": "deep" }]);
    let answer = bench.ok("process::run", given).await;
    let folder = bench.path().join("deep").canonicalize().unwrap();
    let stdout = format!("[$HOME][a b][*]in a b {}\n", folder.display());
    assert_eq!(answer, json!({ "code": 0, "stdout": stdout, "stderr": "note\n" }));
}

#[tokio::test]
async fn a_code_is_an_error_unless_asked_otherwise() {
    let bench = Bench::new();
    program(&bench, "fail", "echo out; echo first >&2; echo second >&2; exit 3");
    let text = bench.fails("process::run", json!(["./fail"])).await;
    assert_eq!(text, "process::failed: `./fail` ended with code 3\nfirst\nsecond");
    let answer = bench.ok("process::run", json!(["./fail", [], { "check": false }])).await;
    assert_eq!((&answer["code"], &answer["stdout"]), (&json!(3), &json!("out\n")));
    program(&bench, "die", "kill -9 $$");
    let answer = bench.ok("process::run", json!(["./die", [], { "check": false }])).await;
    assert_eq!(answer["code"], 137);
    program(&bench, "deaf", "exit 0"); // reads nothing of what it is given
    bench.ok("process::run", json!(["./deaf", [], { "stdin": "x".repeat(1 << 20) }])).await;
}

#[tokio::test]
async fn what_is_missing_or_takes_too_long_is_named() {
    let bench = Bench::new();
    let missing = bench.fails("process::run", json!(["no-such-program", ["-v"]])).await;
    assert_eq!(missing, "process::not_found: there is no program `no-such-program`");
    fs::write(bench.path().join("plain"), "").unwrap();
    assert!(
        bench
            .fails("process::run", json!(["./plain"]))
            .await
            .starts_with("process::cannot_run: cannot run `./plain`: ")
    );
    program(&bench, "slow", "echo begun; exec sleep 60");
    let started = Instant::now();
    let text = bench.fails("process::run", json!(["./slow", [], { "timeout": "300ms" }])).await;
    assert_eq!(text, "process::timeout: `./slow` was still running after 300ms and was ended\nbegun");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(bench.fails("process::run", json!(["./slow", [], { "timeout": 5 }])).await.contains("with its unit"));
}

#[tokio::test]
async fn an_input_is_not_shown_in_events() {
    let bench = Bench::new();
    bench.ok("process::run", json!(["cat", [], { "stdin": "hunter2" }])).await;
    assert!(!format!("{:?}", bench.told.lock().unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn programs_are_found_in_the_path() {
    let bench = Bench::new();
    let path = bench.ok("process::find", json!(["sh"])).await;
    assert!(path.as_str().is_some_and(|path| path.ends_with("/sh")), "{path}");
    assert_eq!(bench.ok("process::find", json!(["no-such-program"])).await, json!(null));
}

//! `file::*`, `hash::file_sha256`.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::Bench;

#[tokio::test]
async fn a_file_is_written_once_and_a_repeat_changes_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.ok("file::write", json!(["deep/a.txt", "one\ntwo\n"])).await, true);
    assert_eq!(bench.ok("file::write", json!(["deep/a.txt", "one\ntwo\n"])).await, false);
    assert_eq!(bench.changes(), 1);
    assert_eq!(bench.ok("file::read", json!(["deep/a.txt"])).await, "one\ntwo\n");
    assert_eq!(bench.ok("file::read_lines", json!(["deep/a.txt"])).await, json!(["one", "two"]));
    assert_eq!(bench.ok("file::exists", json!(["deep"])).await, true);
    bench.ok("file::append", json!(["deep/a.txt", "three\n"])).await;
    assert_eq!(bench.ok("file::read_lines", json!(["deep/a.txt"])).await, json!(["one", "two", "three"]));
    assert_eq!(bench.ok("file::write", json!(["~/b", "x"])).await, true);
    assert_eq!(fs::read_to_string(bench.path().join("home/b")).unwrap(), "x");
    let names: Vec<_> =
        fs::read_dir(bench.path().join("deep")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.txt"], "nothing is left beside it");
}

#[tokio::test]
async fn modes_links_and_bytes_are_kept() {
    let bench = Bench::new();
    let mode = |name: &str| fs::metadata(bench.path().join(name)).unwrap().permissions().mode() & 0o777;
    bench.ok("file::write", json!(["key", "a", { "mode": "600" }])).await;
    assert_eq!(mode("key"), 0o600);
    bench.ok("file::write", json!(["key", "b"])).await;
    assert_eq!(mode("key"), 0o600, "an old file keeps its mode");
    assert_eq!(bench.ok("file::write", json!(["key", "b", { "mode": "640" }])).await, true);
    assert_eq!(bench.ok("file::write", json!(["key", "b", { "mode": "640" }])).await, false);
    assert_eq!(mode("key"), 0o640);
    std::os::unix::fs::symlink("key", bench.path().join("link")).unwrap();
    bench.ok("file::write", json!(["link", "c"])).await;
    assert_eq!(fs::read_to_string(bench.path().join("key")).unwrap(), "c");
    assert!(fs::symlink_metadata(bench.path().join("link")).unwrap().is_symlink());
    bench.ok("file::write", json!(["bytes", "/wAB", { "base64": true }])).await;
    assert_eq!(fs::read(bench.path().join("bytes")).unwrap(), [255, 0, 1]);
    assert_eq!(bench.ok("file::read", json!(["bytes", { "base64": true }])).await, "/wAB");
    let info = bench.ok("file::info", json!(["bytes"])).await;
    assert_eq!((&info["kind"], &info["size"], &info["mode"]), (&json!("file"), &json!(3), &json!("644")));
    let wrong = bench.fails("file::write", json!(["x", "y", { "mode": "rw-" }])).await;
    assert!(wrong.contains("`mode`: expected permissions as octal digits"), "{wrong}");
    let number = bench.fails("file::write", json!(["x", "y", { "mode": 600 }])).await;
    assert!(number.starts_with("script::arguments"), "{number}");
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let bench = Bench::new();
    let path = bench.path().display().to_string();
    assert_eq!(bench.fails("file::read", json!(["none"])).await, format!("file::not_found: there is no {path}/none"));
    let folder = bench.fails("file::read", json!(["."])).await;
    assert!(folder.starts_with(&format!("file::unreadable: cannot read {path}/.: Is a directory")), "{folder}");
    fs::write(bench.path().join("bytes"), [255]).unwrap();
    let bytes = bench.fails("file::read", json!(["bytes"])).await;
    assert!(bytes.starts_with(&format!("file::not_text: {path}/bytes is not UTF-8 text: ")), "{bytes}");
    let under = bench.fails("file::write", json!(["bytes/under", "x"])).await;
    assert!(under.contains("bytes"), "{under}");
}

#[tokio::test]
async fn patterns_list_what_matches_them() {
    let bench = Bench::new();
    for name in ["b.yaml", "a.yaml", "deep/c.yaml", "d.txt", "[odd]/e.yaml"] {
        bench.ok("file::write", json!([name, ""])).await;
    }
    assert_eq!(bench.ok("file::glob", json!(["*.yaml"])).await, json!(["a.yaml", "b.yaml"]));
    let all = json!(["[odd]/e.yaml", "a.yaml", "b.yaml", "deep/c.yaml"]);
    assert_eq!(bench.ok("file::glob", json!(["**/*.yaml"])).await, all);
    let absolute = format!("{}/d.*", bench.path().display());
    assert_eq!(bench.ok("file::glob", json!([absolute])).await, json!([format!("{}/d.txt", bench.path().display())]));
    assert_eq!(bench.ok("file::glob", json!(["none*"])).await, json!([]));
    assert!(
        bench.fails("file::glob", json!(["a[b"])).await.starts_with("file::pattern: expected a pattern, found `a[b`: ")
    );
}

#[tokio::test]
async fn folders_are_made_and_removed_but_not_the_precious_ones() {
    let bench = Bench::new();
    assert_eq!(bench.ok("file::make_dir", json!(["a/b", { "mode": "700" }])).await, true);
    assert_eq!(bench.ok("file::make_dir", json!(["a/b"])).await, false);
    assert_eq!(fs::metadata(bench.path().join("a/b")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(bench.fails("file::remove", json!(["a"])).await.starts_with("file::unwritable: cannot write "));
    assert_eq!(bench.ok("file::remove", json!(["a", { "recursive": true }])).await, true);
    assert_eq!(bench.ok("file::remove", json!(["a", { "recursive": true }])).await, false);
    assert_eq!(bench.changes(), 2);
    bench.ok("file::write", json!(["~/x", ""])).await;
    for precious in [".", "~/", "/", "..", "", "home/.."] {
        let refused = bench.fails("file::remove", json!([precious, { "recursive": true }])).await;
        assert!(refused.starts_with("file::too_much: "), "{precious}: {refused}");
    }
    let temporary = bench.ok("file::temp_dir", json!([])).await;
    let temporary = std::path::Path::new(temporary.as_str().unwrap());
    assert!(temporary.starts_with(bench.path()) && temporary.is_dir());
    assert_eq!(fs::metadata(temporary).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(bench.ok("file::write", json!(["h", "hello"])).await, true);
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(bench.ok("hash::file_sha256", json!(["h"])).await, digest);
    assert_eq!(bench.ok("hash::sha256", json!(["hello"])).await, digest);
}

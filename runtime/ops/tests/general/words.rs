//! `text::*`, `time::*`, `random::*`, `env::*`, `log::*`.

use std::collections::BTreeSet;

use meshrun_host::{Happening, Level};
use serde_json::{Value, json};

use crate::Bench;

#[tokio::test]
async fn functions_on_text_return_new_text() {
    let bench = Bench::new();
    let cases: [(&str, Value, Value); 22] = [
        ("trimmed", json!(["  a \n"]), json!("a")),
        ("lines", json!(["a\r\nb\n"]), json!(["a", "b"])),
        ("words", json!([" a  b\tc\n"]), json!(["a", "b", "c"])),
        ("split", json!(["a=b=c", "="]), json!(["a", "b", "c"])),
        ("split", json!(["a=b=c", "=", { "limit": 2 }]), json!(["a", "b=c"])),
        ("join", json!([["a", 1, null, [2]], "-"]), json!("a-1--[2]")),
        ("replaced", json!(["aXbX", "X", ""]), json!("ab")),
        ("starts_with", json!(["kind-a", "kind-"]), json!(true)),
        ("ends_with", json!(["kind-a", "kind-"]), json!(false)),
        ("lowercased", json!(["Ä"]), json!("ä")),
        ("uppercased", json!(["ä"]), json!("Ä")),
        ("pad_end", json!(["东", 4]), json!("东  ")),
        ("pad_start", json!(["7", 3, { "fill": "0" }]), json!("007")),
        ("indent", json!(["a\n\nb\n"]), json!("  a\n\n  b\n")),
        ("dedent", json!(["\n    a:\n      b\n\n    c\n"]), json!("a:\n  b\n\nc\n")),
        ("matches", json!(["istiod-7d4", "^istiod-[0-9a-f]+$"]), json!(true)),
        ("matches", json!(["x", "^y"]), json!(false)),
        (
            "captures",
            json!(["istio-1.20.1", "(?<major>[0-9]+)[.]([0-9]+)(x)?"]),
            json!({ "0": "1.20", "1": "1", "2": "20", "3": null, "major": "1" }),
        ),
        ("captures", json!(["a", "b"]), json!(null)),
        ("find_all", json!(["image: a\nimage: b\n", "image: (.+)"]), json!(["a", "b"])),
        ("find_all", json!(["a1b22", "[0-9]+"]), json!(["1", "22"])),
        ("replace_regex", json!(["a: 1", "(.): .", "${1}=$$"]), json!("a=$")),
    ];
    for (name, given, expected) in cases {
        assert_eq!(bench.ok(&format!("text::{name}"), given.clone()).await, expected, "{name} {given}");
    }
    let wrong = bench.fails("text::matches", json!(["a", "("])).await;
    assert!(wrong.starts_with("text::pattern: expected a regular expression, found `(`: "), "{wrong}");
    assert!(bench.fails("text::split", json!(["a", ""])).await.starts_with("text::separator"));
    assert!(bench.fails("text::pad_end", json!(["a", 1_000_000_000_u64])).await.starts_with("text::width"));
}

#[tokio::test]
async fn times_are_rfc_3339() {
    let bench = Bench::new();
    let noon = "2026-01-31T12:00:00Z";
    let cases: [(&str, Value, Value); 9] = [
        ("unix", json!([noon]), json!(1_769_860_800)),
        ("from_unix", json!([1_769_860_800]), json!(noon)),
        ("format", json!([noon, "%d.%m.%Y %H:%M"]), json!("31.01.2026 12:00")),
        ("format", json!([noon, "%H:%M %Z", { "zone": "Europe/Berlin" }]), json!("13:00 CET")),
        ("parse", json!(["31.01.2026", "%d.%m.%Y"]), json!("2026-01-31T00:00:00Z")),
        ("parse", json!(["2026-01-31 13:00 +0100", "%Y-%m-%d %H:%M %z"]), json!(noon)),
        ("add", json!([noon, "1h30m"]), json!("2026-01-31T13:30:00Z")),
        ("add", json!([noon, "1d", { "back": true }]), json!("2026-01-30T12:00:00Z")),
        ("since", json!([noon, "2026-01-31T12:01:00Z"]), json!(60.0)),
    ];
    for (name, given, expected) in cases {
        assert_eq!(bench.ok(&format!("time::{name}"), given.clone()).await, expected, "{name} {given}");
    }
    assert_eq!(bench.ok("time::seconds", json!(["1h30m"])).await, 5400.0);
    let now = bench.ok("time::now", json!([])).await;
    assert!(now.as_str().is_some_and(|now| now.len() == 20 && now.ends_with('Z')), "{now}");
    assert!(bench.ok("time::since", json!([now])).await.as_f64().unwrap() < 60.0);
    let wrong = bench.fails("time::unix", json!(["yesterday"])).await;
    assert!(wrong.contains("`time`: expected a time such as"), "{wrong}");
    assert!(bench.fails("time::parse", json!(["x", "%Y"])).await.starts_with("time::text"));
    assert!(bench.fails("time::format", json!([noon, "%Y", { "zone": "Nowhere" }])).await.starts_with("time::zone"));
    assert!(bench.fails("time::format", json!([noon, "%!"])).await.starts_with("time::format"));
    assert!(bench.fails("time::from_unix", json!([i64::MAX])).await.starts_with("time::range"));
    assert!(bench.fails("time::add", json!([noon, "99999999d"])).await.starts_with("time::range"));
}

#[tokio::test]
async fn chance_keeps_its_rules() {
    let bench = Bench::new();
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        seen.insert(bench.ok("random::int", json!([1, 3])).await.as_i64().unwrap());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    let text = async |name: &str, given: Value| bench.ok(name, given).await.as_str().unwrap().to_owned();
    let hex = text("random::hex", json!([64])).await;
    assert!(hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let name = text("random::name", json!(["test"])).await;
    assert!(name.starts_with("test-") && name.len() == 10, "{name}");
    let (one, other) = (text("random::password", json!([])).await, text("random::password", json!([])).await);
    assert!(one != other && one.len() == 24);
    let uuid = text("random::uuid", json!([])).await;
    assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(uuid.as_bytes()[14] == b'4' && b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    assert!(bench.fails("random::int", json!([3, 1])).await.starts_with("random::range"));
    assert!(bench.fails("random::hex", json!([0])).await.starts_with("random::length"));
}

#[tokio::test]
async fn the_environment_is_the_worlds() {
    let bench = Bench::with_variables([("KIND_A", "1".to_owned()), ("KIND_B", String::new())]);
    assert_eq!(bench.ok("env::has", json!(["KIND_A"])).await, true);
    assert_eq!(bench.ok("env::has", json!(["KIND_B"])).await, false);
    assert_eq!(bench.ok("env::all", json!(["KIND_"])).await, json!({ "KIND_A": "1", "KIND_B": "" }));
    assert_eq!(bench.ok("env::directory", json!([])).await, json!(bench.path()));
    assert_eq!(bench.ok("env::home", json!([])).await, json!(bench.path().join("home")));
    assert!(bench.ok("env::os", json!([])).await.is_string() && bench.ok("env::arch", json!([])).await.is_string());
}

#[tokio::test]
async fn what_is_logged_is_told_and_nothing_else() {
    let bench = Bench::new();
    bench.ok("log::info", json!(["ready"])).await;
    bench.ok("log::warn", json!([{ "a": 1 }])).await;
    let told = bench.told.lock().unwrap();
    let told = told.iter().map(|one| match one {
        Happening::Log { level, message } => (*level, message.as_str()),
        other => panic!("{other:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), [(Level::Info, "ready"), (Level::Warn, r#"{"a":1}"#)]);
}

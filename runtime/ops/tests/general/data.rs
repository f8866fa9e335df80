//! `yaml::*`, `json::*`, `base64::*`, `table::*`.

use std::fs;

use serde_json::json;

use crate::Bench;

#[tokio::test]
async fn yaml_goes_into_files_and_back() {
    let bench = Bench::new();
    let value = json!({ "a": [1, "yes"], "b": null });
    assert_eq!(bench.ok("yaml::write", json!(["a.yaml", value])).await, true);
    assert_eq!(bench.ok("yaml::write", json!(["a.yaml", value])).await, false);
    assert_eq!(bench.ok("yaml::read", json!(["a.yaml"])).await, value);
    assert_eq!(fs::read_to_string(bench.path().join("a.yaml")).unwrap(), "a:\n- 1\n- \"yes\"\nb: null\n");
    bench.ok("yaml::write_all", json!(["all.yaml", [{ "a": 1 }, { "b": 2 }]])).await;
    assert_eq!(bench.ok("yaml::read_all", json!(["all.yaml"])).await, json!([{ "a": 1 }, { "b": 2 }]));
    assert_eq!(bench.ok("yaml::to_string_all", json!([[{ "a": 1 }, { "b": 2 }]])).await, "a: 1\n---\nb: 2\n");
    assert_eq!(bench.ok("yaml::parse", json!(["mode: 0644\non: yes"])).await, json!({ "mode": 420, "true": true }));
}

#[tokio::test]
async fn a_mistake_in_a_file_is_shown_with_its_line() {
    let bench = Bench::new();
    fs::write(bench.path().join("a.yaml"), "a: 1\nb: [1, 2\nc: 3\n").unwrap();
    let failure = bench.call("yaml::read", json!(["a.yaml"])).await.unwrap_err();
    assert!(failure.message.starts_with(&format!("{}/a.yaml:", bench.path().display())), "{}", failure.message);
    assert!(failure.excerpt.is_some());
    fs::write(bench.path().join("a.json"), "{\n  \"ä\": 1,\n  \"b\": x\n}\n").unwrap();
    let failure = bench.call("json::read", json!(["a.json"])).await.unwrap_err();
    assert_eq!(failure.message, format!("{}/a.json:3:8: expected value", bench.path().display()));
    let excerpt = failure.excerpt.unwrap();
    assert_eq!((excerpt.first_line, &*excerpt.text), (2, "  \"ä\": 1,\n  \"b\": x\n}\n"));
    assert_eq!(&excerpt.text[excerpt.offset..excerpt.offset + excerpt.length], "x");
    for text in ["", "{", "[1,\n", "\n\n}", "ä"] {
        let failure = bench.call("json::parse", json!([text])).await.unwrap_err();
        let excerpt = failure.excerpt.unwrap();
        assert!(excerpt.offset + excerpt.length <= excerpt.text.len(), "{text:?}: {excerpt:?}");
    }
}

#[tokio::test]
async fn json_goes_into_files_and_back() {
    let bench = Bench::new();
    assert_eq!(bench.ok("json::write", json!(["a.json", { "a": [1] }])).await, true);
    assert_eq!(bench.ok("json::write", json!(["a.json", { "a": [1] }])).await, false);
    assert_eq!(fs::read_to_string(bench.path().join("a.json")).unwrap(), "{\n  \"a\": [\n    1\n  ]\n}\n");
    assert_eq!(bench.ok("json::read", json!(["a.json"])).await, json!({ "a": [1] }));
    assert_eq!(bench.ok("json::to_string", json!([[1, null, "x"]])).await, "[1,null,\"x\"]");
    assert_eq!(bench.ok("json::parse", json!(["[1.5, true]"])).await, json!([1.5, true]));
}

#[tokio::test]
async fn base64_takes_every_form_and_names_what_is_none() {
    let bench = Bench::new();
    assert_eq!(bench.ok("base64::encode", json!(["a?>"])).await, "YT8+");
    assert_eq!(bench.ok("base64::encode", json!(["a?>b", { "url_safe": true }])).await, "YT8-Yg");
    for form in ["YT8+Yg==", "YT8-Yg", "YT8+\n Yg", "YT8-Yg=="] {
        assert_eq!(bench.ok("base64::decode", json!([form])).await, "a?>b", "{form}");
    }
    assert!(bench.fails("base64::decode", json!(["a!"])).await.starts_with("base64::invalid: expected base64: "));
    assert!(bench.fails("base64::decode", json!(["/w=="])).await.starts_with("base64::not_text: "));
}

#[tokio::test]
async fn tables_show_the_columns_that_are_asked_for() {
    let bench = Bench::new();
    let rows = json!([{ "name": "a", "pods": 3 }, { "name": "long" }]);
    let table = bench.ok("table::render", json!([rows, { "columns": ["pods", "name"] }])).await;
    assert_eq!(table, "PODS   NAME\n   3   a\n       long\n");
    assert_eq!(bench.ok("table::render", json!([rows, { "header": false }])).await, "a      3\nlong\n");
    let wrong = bench.fails("table::render", json!([["a"]])).await;
    assert!(wrong.contains("expected a row: a map, or a list of cells"), "{wrong}");
}

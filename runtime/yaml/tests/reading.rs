//! What texts mean; every row was checked against Go's `sigs.k8s.io/yaml` 1.4.0.

#![expect(clippy::panic, reason = "the helpers of tests")]

use meshrun_yaml::{parse, parse_all, parse_as, parse_documents};
use serde_json::{Value, json};

fn read(text: &str) -> Value {
    parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn refused(text: &str) -> String {
    match parse(text) {
        Ok(value) => panic!("{text:?} gave {value}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn scalars_keys_tags_and_blocks() {
    for (text, value) in [
        ("", json!(null)),
        ("# only a comment", json!(null)),
        ("a:", json!({"a": null})),
        ("a: yes", json!({"a": true})),
        ("a: 'yes'", json!({"a": "yes"})),
        ("defaultMode: 0644", json!({"defaultMode": 420})),
        ("a: 08", json!({"a": 8.0})),
        ("a: 1.0", json!({"a": 1.0})),
        ("a: 18446744073709551615", json!({"a": u64::MAX})),
        ("a: 99999999999999999999", json!({"a": 1e20})),
        ("a: 1e999", json!({"a": "1e999"})),
        ("a: 2001-01-01", json!({"a": "2001-01-01"})),
        ("a: 1:30", json!({"a": "1:30"})),
        ("a: =", json!({"a": "="})),
        ("a: <<", json!({"a": "<<"})),
        ("on: push", json!({"true": "push"})),
        ("n: 1", json!({"false": 1})),
        ("1: a\ntrue: b\n1.5: c\n0x10: d", json!({"1": "a", "true": "b", "1.5": "c", "16": "d"})),
        ("1.23456789: a", json!({"1.2345679": "a"})),
        ("1e40: a", json!({".inf": "a"})),
        ("2001-01-01: x", json!({"2001-01-01": "x"})),
        ("'null': a", json!({"null": "a"})),
        ("a: 1\na: 2", json!({"a": 2})),
        ("'a': 1\n\"a\": 2", json!({"a": 2})),
        ("! 123", json!("123")),
        ("a: !!str", json!({"a": ""})),
        ("!!str 123", json!("123")),
        ("!!int \"0644\"", json!(420)),
        ("!!float 1", json!(1.0)),
        ("!!bool yes", json!(true)),
        ("!!timestamp 2001-01-01", json!("2001-01-01")),
        ("!custom foo", json!("foo")),
        ("!custom 12", json!("12")),
        ("!custom {a: b}", json!({"a": "b"})),
        ("!!map foo", json!("foo")),
        ("!<tag:yaml.org,2002:str> 1", json!("1")),
        ("%TAG ! tag:yaml.org,2002:\n---\na: !str 1", json!({"a": "1"})),
        ("!!binary aGk=: x", json!({"hi": "x"})),
        ("a: !!binary /w==", json!({"a": "\u{fffd}"})),
        ("{\"a\":1,\"b\":[true,null]}", json!({"a": 1, "b": [true, null]})),
        ("{a, b: 1}", json!({"a": null, "b": 1})),
        ("[a, b: c, d]", json!(["a", {"b": "c"}, "d"])),
        ("a:\n- b\n- c", json!({"a": ["b", "c"]})),
        ("- - a\n  - b\n- c", json!([["a", "b"], "c"])),
        ("a:\tb", json!({"a": "b"})),
        ("a: b\r\nc: |\r\n  d\r\n", json!({"a": "b", "c": "d\n"})),
        ("a: |\n  x", json!({"a": "x"})),
        ("a: |2\n   x\n", json!({"a": " x\n"})),
        ("a: >\n x\n y\n\n z\n", json!({"a": "x y\nz\n"})),
        ("a: one\n  two", json!({"a": "one two"})),
        ("a: '''x'", json!({"a": "'x"})),
        ("a: \"\\u00e9\\x41\\n\"", json!({"a": "éA\n"})),
        ("\u{feff}a: 1", json!({"a": 1})),
        ("a: \u{feff}b", json!({"a": "\u{feff}b"})),
        ("%YAML 1.1\n---\na: 1", json!({"a": 1})),
        ("--- |\n a\n", json!("a\n")),
        ("a: 1\n---\n: : :", json!({"a": 1})),
        ("a: 1\n...\nb: 2", json!({"a": 1})),
    ] {
        assert_eq!(read(text), value, "{text:?}");
    }
}

#[test]
fn anchors_and_merge_keys() {
    for (text, value) in [
        ("a: &x\nb: *x", json!({"a": null, "b": null})),
        ("- &x 12\n- *x\n- &x yes\n- *x", json!([12, 12, true, true])),
        ("- &k 1\n- *k : a", json!([1, {"1": "a"}])),
        ("<<: {a: 2}\na: 1", json!({"a": 1})),
        ("a: 1\n<<: {a: 2}", json!({"a": 2})),
        (
            "b: &b {x: 1, z: 2}\nc: &c {x: 3, w: 4}\nm:\n  <<: [*b, *c]",
            json!({
                "b": {"x": 1, "z": 2}, "c": {"x": 3, "w": 4}, "m": {"x": 1, "z": 2, "w": 4}
            }),
        ),
        ("b: &b {x: 1}\nm:\n  <<: *b\n  x: 2", json!({"b": {"x": 1}, "m": {"x": 2}})),
        ("b: &b {x: 1}\nm:\n  \"<<\": *b", json!({"b": {"x": 1}, "m": {"<<": {"x": 1}}})),
        ("!!merge <<: {a: 1}", json!({"a": 1})),
        ("{<<: {a: 1}, <<: {a: 2}}", json!({"a": 2})),
    ] {
        assert_eq!(read(text), value, "{text:?}");
    }
}

#[test]
fn what_kubernetes_refuses_is_refused_with_its_place() {
    for (text, message) in [
        ("a: .inf", "line 1, column 4: expected a finite number, found `.inf`"),
        ("a:\n  - .NaN", "line 2, column 5: expected a finite number, found `.NaN`"),
        ("a: 1\nnull: a", "line 2, column 1: expected a key, found null"),
        ("~: a", "line 1, column 1: expected a key, found null"),
        (
            "18446744073709551615: a",
            "line 1, column 1: expected a key, found a number beyond 63 bits, `18446744073709551615`",
        ),
        ("[a]: b", "line 1, column 1: expected a key, found a list"),
        ("{a: b}: c", "line 1, column 1: expected a key, found a map"),
        ("a: &a [*a]", "line 1, column 8: an anchor cannot contain itself"),
        ("<<: 1", "line 1, column 5: expected a map or a list of maps to merge"),
        ("<<: [1]", "line 1, column 5: expected a map or a list of maps to merge"),
        ("l: &l [{a: 1}]\nm: {<<: *l}", "line 2, column 9: expected a map or a list of maps to merge"),
        ("!!int 1.5", "line 1, column 7: expected `!!int`, found `1.5`"),
        ("!!null foo", "line 1, column 8: expected `!!null`, found `foo`"),
        ("!!timestamp foo", "line 1, column 13: expected `!!timestamp`, found `foo`"),
        ("!!float 18446744073709551615", "line 1, column 9: expected `!!float`, found `18446744073709551615`"),
        ("a: !!binary x", "line 1, column 13: expected base64 after `!!binary`"),
        ("%YAML 1.2\n---\na: 1", "line 2, column 1: expected YAML 1.1, found `%YAML 1.2`"),
    ] {
        assert_eq!(refused(text), message, "{text:?}");
    }
    for text in [
        "a: b: c",
        "a: \"x",
        "- a\nb: c",
        "a:\n\tb: 1",
        "a: *x",
        "<<: *a",
        "a: \u{1}",
        "a: @x",
        "a: `x`",
        "a: %x",
        "a: [x]y",
        "a: {x}y",
        "a: [x",
        "a: {x",
        "a: 'x",
    ] {
        refused(text);
    }
}

#[test]
fn a_stream_loses_its_empty_documents_and_keeps_its_lines() {
    let text = "%YAML 1.1\n---\n# one\na: 1\n---\n---\n# nothing\n--- # two\nb: |\n  --\n  ---\n--- {c: 3}\n---\nnull\n...\n---\n";
    let found: Vec<_> = parse_documents(text).unwrap().into_iter().map(|found| (found.line, found.value)).collect();
    assert_eq!(found, [(4, json!({"a": 1})), (9, json!({"b": "--\n---\n"})), (12, json!({"c": 3}))]);
    assert_eq!(parse_all("").unwrap(), [] as [Value; 0]);
    assert_eq!(parse_all("# x\n---\n# y\n").unwrap(), [] as [Value; 0]);
    assert_eq!(parse_all("a: 1\r\n---\r\nb: 2\r\n").unwrap(), [json!({"a": 1}), json!({"b": 2})]);
}

#[test]
fn an_error_in_a_later_document_names_the_line_of_the_whole_text() {
    let error = parse_all("a: 1\n---\nb: 2\n---\nc: 3\nd: e: f\n").unwrap_err();
    assert_eq!((error.line(), error.column()), (6, 5), "{error}");
    let error = parse_all("a: 1\n---\nb: 2\n---\n~: 3\n").unwrap_err().in_file("all.yaml");
    assert_eq!(error.to_string(), "all.yaml:5:1: expected a key, found null");
}

#[test]
fn a_text_that_would_explode_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "));
    }
    assert!(refused(&text).contains("repeats too much through aliases"));

    let large = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1 << 20), ["*a"; 1000].join(", "));
    assert!(refused(&large).contains("repeats too much through aliases"));
    // A thousand uses of a small anchor are nobody's attack.
    let usual = format!("a: &a {{x: 1}}\nb: [{}]\n", ["*a"; 1000].join(", "));
    assert_eq!(read(&usual)["b"].as_array().map(Vec::len), Some(1000));
}

#[test]
fn a_text_that_nests_without_end_is_refused() {
    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        refused(&deep);
    }
    // Enough else around it that it is the depth that is refused.
    let mut chain = format!("a0: &a0 [x]\nmore: [{}]\n", "x, ".repeat(5000));
    for level in 1..600 {
        chain += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(refused(&chain).contains("nest deeper than 500"));
    read(&format!("{}x{}", "[".repeat(400), "]".repeat(400)));
}

#[test]
fn a_type_is_read_and_what_does_not_fit_is_shown_where_it_stands() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Cluster {
        name: String,
        #[serde(default)]
        nodes: Vec<Node>,
    }
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Node {
        port: u16,
    }
    let good: Cluster = parse_as("name: a\nnodes:\n- port: 80.0\n").unwrap();
    assert_eq!(good, Cluster { name: "a".to_owned(), nodes: vec![Node { port: 80 }] });

    let error = parse_as::<Cluster>("name: a\nnodes:\n- port: 1\n- port: 99999\n").unwrap_err();
    assert_eq!(error.to_string(), "line 4, column 9: `nodes[1].port`: invalid value: integer `99999`, expected u16");
    let error = parse_as::<Cluster>("name: a\nnodez: 1\n").unwrap_err();
    assert!(error.to_string().contains("unknown field `nodez`"), "{error}");
    assert_eq!(error.line(), 2, "{error}");
}

#[test]
fn a_malformed_file_is_drawn_with_its_line() {
    let error = parse("kind: Cluster\nnodes: *missing\n").unwrap_err().in_file("kind.yaml");
    let report = miette::Report::new(error);
    let mut drawn = String::new();
    miette::NarratableReportHandler::new().render_report(&mut drawn, report.as_ref()).unwrap();
    assert!(drawn.contains("kind.yaml:2:"), "{drawn}");
    assert!(drawn.contains("snippet line 2: nodes: *missing"), "{drawn}");
    assert!(drawn.contains("yaml::syntax"), "{drawn}");
}

#[test]
fn reading_is_linear() {
    use std::time::Instant;
    let crd = |lines: usize| {
        let mut text = "spec:\n".to_owned();
        for line in 0..lines {
            text += &format!("  property{line}: {{type: string, description: \"what it is\"}}\n");
        }
        let start = Instant::now();
        read(&text);
        start.elapsed().as_secs_f64()
    };
    // Eight times the lines must not cost anything like sixty-four times the time; generous, for machines are busy.
    let (small, large) = (crd(5_000), crd(40_000));
    assert!(large < small * 40.0 + 0.5, "{small} s, {large} s");
}

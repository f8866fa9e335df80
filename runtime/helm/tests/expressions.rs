//! Templates of all sorts, each with what Helm 3.13.3 makes of it: a text, or an error word for word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what cannot be read fails the test

use meshrun_helm::{Capabilities, Chart, Options, Release, UserValues, render};
use serde_json::Value;

const HELPERS: &str = "{{- define \"hello\" -}}hello {{ . }}{{- end -}}\n{{ define \"deep\" }}{{ .a.b.c }}{{ end }}{{ define \"rec\" }}{{ include \"rec\" . }}{{ end }}{{ define \"req\" }}\n  {{ required \"need it\" .nothing }}{{ end }}";

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.2.3\nappVersion: v9\nkeywords: [k1, k2]\n\
                     maintainers: [{name: Max, email: m@x}]\nannotations: {a/b: c}\n";

#[test]
fn templates_say_what_helm_says() {
    let values = include_str!("data/expressions-values.yaml");
    let mut failed = Vec::new();
    let mut count = 0;
    for line in include_str!("data/expressions.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let source = case["template"].as_str().unwrap();
        let wanted = case["output"]
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| format!("error: {}", case["error"].as_str().unwrap()));
        let found = rendered(source, values);
        count += 1;
        if found != wanted {
            failed.push(format!("{source}\n  expected {wanted:?}\n  found    {found:?}"));
        }
    }
    assert!(count > 250);
    assert!(failed.is_empty(), "{} of {count} differ:\n{}", failed.len(), failed.join("\n"));
}

fn rendered(source: &str, values: &str) -> String {
    let file = |name: &str, data: &[u8]| (name.to_owned(), data.to_vec());
    let chart = Chart::from_files([
        file("Chart.yaml", CHART.as_bytes()),
        file("templates/t.yaml", source.as_bytes()),
        file("templates/_h.tpl", HELPERS.as_bytes()),
        file("f/a.txt", b"one\ntwo\n"),
        file("f/b.yaml", b"k: v\n"),
        file("g.bin", &[0xff, 0xfe, 0, 1]),
        file("f/sub/c.txt", b"c"),
    ])
    .unwrap();
    let mut given = UserValues::new();
    given.merge_yaml("values.yaml", values).unwrap();
    given.set("int=7").unwrap();
    let options = Options {
        release: Release { name: "rel".into(), namespace: "ns".into(), ..Default::default() },
        capabilities: Capabilities { kube_version: "v1.20.0".into(), ..Default::default() },
        keep_integers: true,
        ..Default::default()
    };
    match render(&chart, &given.into_json(), &options) {
        Ok(rendered) => rendered.files.into_iter().map(|(_, text)| text).collect(),
        Err(error) => format!("error: {error}"),
    }
}

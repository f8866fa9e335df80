//! Small charts for what Helm's charts can do, each with what Helm 3.13.3 prints: `tests/charts/CASE` holds a chart (or the
//! name of the case that has it), values, flags, and either `expected.yaml` or `error.txt`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what cannot be read fails the test

use std::{error::Error as _, fs, path::Path};

use meshrun_helm::{Chart, Error, TemplateOptions, UserValues, template};

#[test]
fn charts_render_as_helm_renders_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts");
    let mut cases: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut failed = Vec::new();
    for case in &cases {
        let wanted = match fs::read_to_string(case.join("expected.yaml")) {
            Ok(wanted) => wanted,
            Err(_) => helm_error(&fs::read_to_string(case.join("error.txt")).unwrap()),
        };
        let found = render(&root, case).unwrap_or_else(|error| our_error(&error));
        if found != wanted {
            failed.push(format!("{}\n--- expected\n{wanted}\n--- found\n{found}", case.display()));
        }
    }
    assert!(cases.len() > 40);
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// Helm's message, without its frame; of YAML's own complaints only the beginning.
fn helm_error(text: &str) -> String {
    let text = text.trim_start_matches("WARNING: This chart is deprecated\n").trim_start_matches("Error: ");
    let text = text.split("\n\nUse --debug").next().unwrap().trim_end();
    let text = text.split(": error converting YAML to JSON").next().unwrap();
    format!("error: {}", text.trim_start_matches("failed parsing --set data: "))
}

fn our_error(error: &Error) -> String {
    let text = match error {
        Error::Set { reason, .. } => reason.clone(),
        other => other.to_string(),
    };
    assert!(!matches!(error, Error::Manifest { .. }) || error.source().is_some());
    format!("error: {}", text.trim_end())
}

fn render(root: &Path, case: &Path) -> Result<String, Error> {
    let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
    let chart = match read("chart.txt") {
        name if name.is_empty() => case.join("chart"),
        name => root.join(name).join("chart"),
    };
    let flags = read("flags.txt");
    let flag = |name: &'static str| flags.lines().filter_map(move |line| line.strip_prefix(name)).map(str::to_owned);
    let is_set = |name: &str| flags.lines().any(|line| line == name);
    let mut values = UserValues::new();
    values.merge_yaml("values.yaml", &read("values.yaml"))?;
    for expression in flag("--set=") {
        values.set(&expression)?;
    }
    let options = TemplateOptions {
        name: "rel".into(),
        namespace: "space".into(),
        kube_version: flag("--kube-version=").next(),
        show_only: flag("--show-only=").collect(),
        include_crds: is_set("--include-crds"),
        is_upgrade: is_set("--is-upgrade"),
        no_hooks: is_set("--no-hooks"),
        skip_tests: is_set("--skip-tests"),
        ..Default::default()
    };
    template(&Chart::load(&chart)?, &values.into_json(), &options)
}

//! `scripts/helm-template.rhai` prints what `helm template` printed for every recorded case, byte for byte; and refuses what Helm refuses.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use meshrun_tests::{Home, upstream};

const SCRIPT: &str = "scripts/helm-template.rhai";

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn render(home: &Home, upstream: &Path, case: &Path) -> Output {
    let read = |name: &str| fs::read_to_string(case.join(name)).unwrap();
    let chart = upstream.join("istio-1.20.1/manifests/charts").join(read("chart.txt").trim());
    let values = case.join("values.yaml");
    let flags = read("flags.txt");
    let mut arguments =
        vec![SCRIPT, "istio", chart.to_str().unwrap(), "-n", "istio-system", "-f", values.to_str().unwrap()];
    arguments.extend(flags.lines().filter(|line| !line.is_empty()));
    home.meshrun(&arguments).output().unwrap()
}

#[test]
fn every_case_is_what_helm_prints() {
    let Some(upstream) = upstream("every_case_is_what_helm_prints") else { return };
    let home = Home::new();
    let cases = cases(&upstream.join("goldens/helm"));
    assert!(cases.len() >= 28);
    let mut wrong = Vec::new();
    for case in cases {
        let output = render(&home, &upstream, &case);
        let (found, wanted) =
            (String::from_utf8_lossy(&output.stdout), fs::read_to_string(case.join("expected.yaml")).unwrap());
        // `print` ends the text with one line break, whatever it ended with.
        if !output.status.success() || found.trim_end() != wanted.trim_end() {
            let first = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
            wrong.push(format!("{}: line {first:?}: {}", case.display(), String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A chart of one template, in a home.
fn chart(home: &Home, template: &str) -> String {
    let folder = home.path().join("chart");
    fs::create_dir_all(folder.join("templates")).unwrap();
    fs::write(folder.join("Chart.yaml"), "apiVersion: v2\nname: tiny\nversion: 1.0.0\n").unwrap();
    fs::write(folder.join("values.yaml"), "size: 1\nnote: short\n").unwrap();
    fs::write(folder.join("templates/map.yaml"), template).unwrap();
    folder.to_str().unwrap().to_owned()
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  size: {{ .Values.size | quote }}\n  note: {{ .Values.note | quote }}\n";

#[test]
fn values_come_from_files_flags_and_maps() {
    let home = Home::new();
    let chart = chart(&home, MAP);
    let note = home.path().join("note.txt");
    fs::write(&note, "from a file").unwrap();
    let from_file = format!("note={}", note.display());
    let output = home.run(&[SCRIPT, "first", &chart, "--set", "size=2", "--set-file", &from_file]);
    let printed = String::from_utf8_lossy(&output.stdout);
    let wanted = "---\n# Source: tiny/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: first\ndata:\n  size: \"2\"\n  note: \"from a file\"\n";
    assert_eq!(printed, wanted, "{}", String::from_utf8_lossy(&output.stderr));
    let alone = home.run(&[SCRIPT, &chart]);
    assert!(String::from_utf8_lossy(&alone.stdout).contains("name: release-name\n"));

    let code = format!(
        "let o = helm::template(\"x\", {chart:?}, #{{ values: #{{ size: 7 }}, form: \"objects\" }}); \
         print(`${{o.len()}} ${{o[0].data.size}} ${{helm::show_chart({chart:?}).version}} ${{helm::show_values({chart:?}).note}}`);"
    );
    let output = home.run(&["-e", &code]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "1 7 1.0.0 short\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_broken_template_is_told_with_its_file_and_line() {
    let home = Home::new();
    let broken = chart(&home, &MAP.replace("{{ .Values.size | quote }}", "{{ fail \"no size\" }}"));
    let output = home.run(&[SCRIPT, "x", &broken]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{said}");
    assert!(said.contains("tiny/templates/map.yaml:6") && said.contains("no size"), "{said}");
    let missing = home.run(&[SCRIPT, "x", "/nowhere/chart"]);
    assert!(!missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("/nowhere/chart"));
}

#[test]
fn templates_are_written_into_a_folder_and_a_release_gets_a_name() {
    let home = Home::new();
    let chart = chart(&home, MAP);
    fs::create_dir_all(home.path().join("chart/crds")).unwrap();
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.b.c\n";
    fs::write(home.path().join("chart/crds/crd.yaml"), crd).unwrap();
    let folder = home.path().join("out").display().to_string();
    let arguments = [SCRIPT, "first", &chart, "--output-dir", &folder, "--release-name", "--include-crds"];
    let output = home.run(&arguments);
    let printed = String::from_utf8_lossy(&output.stdout);
    let (crds, map) = (format!("{folder}/tiny/crds/crd.yaml"), format!("{folder}/first/tiny/templates/map.yaml"));
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [format!("wrote {map}"), format!("wrote {crds}")], "{}", String::from_utf8_lossy(&output.stderr));
    let written = fs::read_to_string(map).unwrap();
    assert!(written.starts_with("---\n# Source: tiny/templates/map.yaml\napiVersion: v1\n"), "{written}");
    assert!(fs::read_to_string(crds).unwrap().contains("name: a.b.c\n"));

    let named = home.run(&[SCRIPT, "--generate-name", &chart]);
    assert!(String::from_utf8_lossy(&named.stdout).contains("name: chart-1"), "{named:?}");
    let refused = home.run(&[SCRIPT, "--generate-name", "first", &chart]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}

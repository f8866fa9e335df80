//! The command line as a user drives it: whole runs, exit codes, and what bad input is told.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{fs, process::Output};

use meshrun_tests::{Home, whole};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The run fails with this code, and says all of this.
fn fails(home: &Home, arguments: &[&str], code: i32, parts: &[&str]) {
    let output = home.meshrun(arguments).env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", whole(&output));
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: `{part}` is missing in\n{said}");
    }
}

#[test]
fn an_expression_prints_its_value_and_a_script_what_it_prints() {
    let home = Home::new();
    assert_eq!(whole(&home.run(&["-e", "1 + 1"])), "exit 0\n--- out\n2\n--- err\n");
    let path = home.path().join("hello.rhai");
    fs::write(&path, "//! Greet.\nlet o = parameters([#{ name: \"whom\", default: \"you\", doc: \"Whom\" }]);\nprint(`hello ${o.whom}`);")
        .unwrap();
    let script = path.to_str().unwrap();
    assert_eq!(whole(&home.run(&[script])), "exit 0\n--- out\nhello you\n--- err\n");
    assert_eq!(printed(&home.run(&[script, "--whom", "all"])), "hello all\n");
    let help = printed(&home.run(&[script, "--help"]));
    assert!(help.contains("Greet.") && help.contains("--whom"), "{help}");
}

#[test]
fn every_shipped_script_has_help_and_passes_the_check() {
    let home = Home::new();
    let mut seen = 0;
    for folder in ["scripts", "stdlib", "examples"] {
        for file in fs::read_dir(meshrun_tests::root().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let path = path.to_str().unwrap();
            let checked = home.run(&["check", path]);
            assert!(checked.status.success(), "{}", whole(&checked));
            if folder != "stdlib" {
                let help = home.run(&[path, "--help"]);
                assert!(help.status.success() && printed(&help).contains("--help"), "{}", whole(&help));
            }
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen} files");
}

#[test]
fn what_is_misspelt_is_named_with_the_nearest() {
    let home = Home::new();
    fails(&home, &["-e", "kind::create_clutser(\"a\")"], 1, &["create_clutser", "kind::create_cluster"]);
    fails(&home, &["-e", "docker::run(\"a\", #{ nmae: \"b\" })"], 1, &["nmae", "name"]);
    fails(&home, &["scripts/multi-primary.rhai", "--cluster", "2"], 2, &["--cluster", "--clusters"]);
    fails(&home, &["script/multi-primray.rhai"], 2, &["multi-primray.rhai", "scripts/multi-primary.rhai"]);
    fails(&home, &["--relaese-dir", "x"], 2, &["--relaese-dir", "--release-dir"]);
}

#[test]
fn wrong_types_and_units_are_told() {
    let home = Home::new();
    fails(&home, &["-e", "docker::pull(1)"], 1, &["image", "1"]);
    fails(&home, &["-e", "kube::wait(\"a\", \"pods\", \"ready\", #{ timeout: 5 })"], 1, &["timeout", "5", "\"5m\""]);
    fails(&home, &["scripts/multi-primary.rhai", "--timeout", "5"], 2, &["--timeout", "5m"]);
    fails(&home, &["scripts/multi-primary.rhai", "--clusters", "0"], 2, &["--clusters", "0"]);
}

#[test]
fn no_engine_no_context_and_no_file_are_told_with_what_was_tried() {
    let home = Home::new();
    fails(&home, &["-e", "docker::version()"], 1, &["docker::no_engine", "/nowhere/docker.sock"]);
    fails(&home, &["scripts/multi-primary.rhai"], 1, &["docker::no_engine", "/nowhere/docker.sock"]);
    fs::write(
        home.path().join("kubeconfig"),
        "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\n\
         users: [{name: a, user: {}}]\ncontexts: [{name: cluster1, context: {cluster: a, user: a}}]\n",
    )
    .unwrap();
    fails(&home, &["-e", "kube::version(\"clutser1\")"], 1, &["kube::no_context", "clutser1", "cluster1"]);
    let allowed = ["--allow-context", "cluster1", "-e", "kube::apply(\"cluster1\", \"nothing.yaml\")"];
    fails(&home, &allowed, 1, &["nothing.yaml"]);
    fails(&home, &["-e", "yaml::read(\"nothing.yaml\")"], 1, &["nothing.yaml"]);
}

#[test]
fn malformed_yaml_is_told_with_its_line() {
    let home = Home::new();
    let path = home.path().join("bad.yaml");
    fs::write(&path, "a: 1\nb: [1, 2\nc: 3\n").unwrap();
    let code = format!("yaml::read({path:?})");
    fails(&home, &["-e", &code], 1, &["bad.yaml", "3"]);
}

#[test]
fn a_chart_with_a_template_error_is_told_with_file_and_line() {
    let home = Home::new();
    let chart = home.path().join("chart");
    fs::create_dir_all(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: broken\nversion: 0.1.0\n").unwrap();
    fs::write(chart.join("templates/one.yaml"), "a: 1\nb: {{ .Values.x | nosuch }}\n").unwrap();
    let chart = chart.to_str().unwrap();
    fails(&home, &["scripts/helm-template.rhai", "release", chart], 1, &["templates/one.yaml", "2", "nosuch"]);
}

#[test]
fn what_is_denied_ends_with_its_own_code() {
    let home = Home::new();
    fails(&home, &["--deny", "docker", "-e", "docker::version()"], 3, &["host::not_permitted", "docker"]);
}

#[test]
fn a_failure_in_a_module_names_its_places() {
    let home = Home::new();
    fs::write(home.path().join("inner.rhai"), "fn deep() {\n    fail(\"no luck\")\n}\n").unwrap();
    let path = home.path().join("outer.rhai");
    fs::write(&path, "import \"inner\" as inner;\nparallel([|| inner::deep()]);\n").unwrap();
    fails(&home, &[path.to_str().unwrap()], 1, &["no luck", "inner.rhai", "outer.rhai"]);
}

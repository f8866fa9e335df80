//! `scripts/istio-manifest.rhai` prints what `istioctl manifest generate` printed for every recorded case, and refuses what it refused.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use meshrun_tests::{Home, root, upstream};

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// Run the script in the case's folder, as istioctl was.
fn render(home: &Home, upstream: &Path, case: &Path) -> Output {
    let script = root().join("scripts/istio-manifest.rhai");
    let (script, release) = (script.to_str().unwrap().to_owned(), upstream.join("istio-1.20.1"));
    let given = fs::read_to_string(case.join("args.txt")).unwrap();
    let mut arguments = vec![script.as_str(), "--manifests", release.to_str().unwrap(), "-f", "input.yaml"];
    arguments.extend(given.lines().filter(|line| !line.is_empty()));
    home.meshrun(&arguments).current_dir(case).output().unwrap()
}

#[test]
fn manifests_are_those_of_istioctl() {
    let Some(upstream) = upstream("manifests_are_those_of_istioctl") else { return };
    let home = Home::new();
    let mut wrong = Vec::new();
    for case in cases(&upstream.join("goldens/istioctl")) {
        let output = render(&home, &upstream, &case);
        let (found, wanted) =
            (String::from_utf8_lossy(&output.stdout), fs::read_to_string(case.join("expected.yaml")).unwrap());
        if !output.status.success() || found.trim_end() != wanted.trim_end() {
            let first = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
            wrong.push(format!("{}: line {first:?}: {}", case.display(), String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_istioctl_refuses_is_refused() {
    let Some(upstream) = upstream("what_istioctl_refuses_is_refused") else { return };
    let home = Home::new();
    let mut wrong = Vec::new();
    for case in cases(&upstream.join("goldens/istioctl-errors")) {
        let output = render(&home, &upstream, &case);
        let refused =
            matches!(output.status.code(), Some(1 | 2)) && output.stdout.is_empty() && !output.stderr.is_empty();
        if !refused {
            wrong.push(format!("{}: {:?}", case.display(), output.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Every case that was recorded with `istioctl manifest generate` 1.20.1, byte for byte, and every call that it refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what cannot be read fails the test

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use meshrun_istio::operator::{Charts, Manifest, Request, generate};
use serde_json::Value;

#[test]
fn manifests_are_those_of_istioctl() {
    let Some(upstream) = upstream() else { return };
    let charts = Charts::load(upstream.join("istio-1.20.1")).unwrap();
    let failures: Vec<String> = cases(&upstream.join("goldens/istioctl"))
        .iter()
        .filter_map(|case| difference(case, &charts).map(|text| format!("{}: {text}", name(case))))
        .collect();
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn what_istioctl_refuses_is_refused() {
    let Some(upstream) = upstream() else { return };
    let charts = Charts::load(upstream.join("istio-1.20.1")).unwrap();
    let mut failures = Vec::new();
    for case in cases(&upstream.join("goldens/istioctl-errors")) {
        match run(&case, &charts) {
            Ok(_) => failures.push(format!("{}: accepted", name(&case))),
            Err(error) if env::var_os("SHOW_ERRORS").is_some() => println!("{:24} {error}", name(&case)),
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The upstream data; without it the tests say so and pass.
fn upstream() -> Option<PathBuf> {
    let folder = env::var_os("MESHRUN_UPSTREAM").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: MESHRUN_UPSTREAM is not set");
    }
    folder
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn name(case: &Path) -> String {
    case.file_name().unwrap().to_string_lossy().into_owned()
}

fn run(case: &Path, charts: &Charts) -> Result<Manifest, String> {
    let mut request = Request::default();
    let mut files = vec!["input.yaml".to_owned()];
    for argument in fs::read_to_string(case.join("args.txt")).unwrap().lines() {
        let (flag, value) = argument.split_once('=').unwrap_or((argument, ""));
        match flag {
            "--set" => request.set.push(value.to_owned()),
            "--revision" => request.revision = Some(value.to_owned()),
            "--component" => request.components.push(value.to_owned()),
            "--filename" => files.push(value.to_owned()),
            "--force" => request.force = true,
            other => panic!("flag {other}"),
        }
    }
    for file in files {
        let text = fs::read_to_string(case.join(&file)).map_err(|error| format!("{file}: {error}"))?;
        request.files.push((file, text));
    }
    generate(&request, charts).map_err(|error| chain(&error))
}

fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", chain(source))).unwrap_or_default();
    format!("{error}{source}")
}

/// How a case's manifest differs, if it does.
fn difference(case: &Path, charts: &Charts) -> Option<String> {
    let expected = fs::read_to_string(case.join("expected.yaml")).unwrap();
    let text = match run(case, charts) {
        Ok(manifest) => manifest.to_text(),
        Err(error) => return Some(error),
    };
    if text == expected {
        return None;
    }
    if let Ok(folder) = env::var("KEEP_DIFFERENT") {
        fs::write(Path::new(&folder).join(format!("{}.yaml", name(case))), &text).unwrap();
    }
    let (found, expected) = (objects(&text), objects(&expected));
    let names = |objects: &[Value]| objects.iter().map(title).collect::<Vec<_>>();
    if names(&found) != names(&expected) {
        let missing = names(&expected).into_iter().filter(|one| !names(&found).contains(one));
        let extra = names(&found).into_iter().filter(|one| !names(&expected).contains(one));
        let (missing, extra): (Vec<_>, Vec<_>) = (missing.collect(), extra.collect());
        return Some(format!("other objects or another order; missing {missing:?}, extra {extra:?}"));
    }
    let different = found.iter().zip(&expected).filter(|(one, other)| one != other).map(|(one, _)| title(one));
    let different: Vec<String> = different.collect();
    Some(if different.is_empty() { "equal but for the bytes".to_owned() } else { format!("differ: {different:?}") })
}

fn objects(text: &str) -> Vec<Value> {
    meshrun_yaml::parse_all(text).unwrap()
}

fn title(object: &Value) -> String {
    let part = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{}/{}/{}", part("/kind"), part("/metadata/namespace"), part("/metadata/name"))
}

//! Every case of `goldens/helm` below `MESHRUN_UPSTREAM`, byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what cannot be read fails the test

use std::{fs, path::Path};

use meshrun_helm::{Chart, TemplateOptions, UserValues, template};

#[test]
fn istios_charts_render_as_helm_renders_them() {
    let Ok(upstream) = std::env::var("MESHRUN_UPSTREAM") else {
        println!("skipped: MESHRUN_UPSTREAM is not set");
        return;
    };
    let upstream = Path::new(&upstream);
    let mut cases: Vec<_> =
        fs::read_dir(upstream.join("goldens/helm")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 28);
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let wanted = fs::read_to_string(case.join("expected.yaml")).unwrap();
            let found = render(upstream, case);
            (found != wanted).then(|| format!("{}: {}", case.display(), difference(&found, &wanted)))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn difference(found: &str, wanted: &str) -> String {
    for (number, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        if found != wanted {
            return format!("line {}: expected {wanted:?}, found {found:?}", number + 1);
        }
    }
    format!("expected {} lines, found {}", wanted.lines().count(), found.lines().count())
}

fn render(upstream: &Path, case: &Path) -> String {
    let read = |name: &str| fs::read_to_string(case.join(name)).unwrap();
    let chart = upstream.join("istio-1.20.1/manifests/charts").join(read("chart.txt").trim());
    let mut values = UserValues::new();
    values.merge_yaml("values.yaml", &read("values.yaml")).unwrap();
    let mut options = TemplateOptions { name: "istio".into(), namespace: "istio-system".into(), ..Default::default() };
    let flags = read("flags.txt");
    let flag = |name: &'static str| flags.lines().filter_map(move |line| line.strip_prefix(name)).map(str::to_owned);
    flag("--set-json=").for_each(|expression| values.set_json(&expression).unwrap());
    flag("--set=").for_each(|expression| values.set(&expression).unwrap());
    flag("--set-string=").for_each(|expression| values.set_string(&expression).unwrap());
    flag("--set-literal=").for_each(|expression| values.set_literal(&expression).unwrap());
    options.kube_version = flag("--kube-version=").next();
    options.show_only = flag("--show-only=").collect();
    options.api_versions = flag("--api-versions=").collect();
    options.include_crds = flags.lines().any(|line| line == "--include-crds");
    template(&Chart::load(&chart).unwrap(), &values.into_json(), &options).unwrap_or_else(|error| error.to_string())
}

//! Every YAML file of the releases that meshrun works with is read, and what is printed reads back the same.

#![expect(clippy::unwrap_used, reason = "the helpers of tests")]

use std::path::{Path, PathBuf};

use meshrun_yaml::{parse_all, to_string, to_string_all};

fn upstream() -> Option<PathBuf> {
    let found = std::env::var_os("MESHRUN_UPSTREAM").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: MESHRUN_UPSTREAM is not set");
    }
    found
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_is_read_and_reads_back_when_printed() {
    let Some(root) = upstream() else { return };
    let mut files = Vec::new();
    yaml_files(&root, &mut files);
    let (mut read, mut templates) = (0, 0);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // Some of these are wrong on purpose.
        if file.components().any(|part| part.as_os_str() == "istioctl-errors") {
            continue;
        }
        if text.contains("{{")
            && file.components().any(|part| matches!(part.as_os_str().to_str(), Some("templates" | "files")))
        {
            templates += 1;
            continue;
        }
        let values = parse_all(&text).unwrap_or_else(|error| panic!("{}", error.in_file(file.display())));
        let back = parse_all(&to_string_all(&values)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(to_string_all(&back), to_string_all(&values), "{}", file.display());
        read += 1;
    }
    assert!(read > 100, "{read} files read, {templates} templates left out");
}

/// Istio's installer prints its objects with the same library, so each of them must come out as it stands in its output.
#[test]
fn istioctls_objects_are_printed_as_it_prints_them() {
    let Some(root) = upstream() else { return };
    let mut objects = 0;
    for case in std::fs::read_dir(root.join("goldens/istioctl")).unwrap() {
        let Ok(text) = std::fs::read_to_string(case.unwrap().path().join("expected.yaml")) else { continue };
        for document in text.split("\n---\n") {
            let document = format!("{}\n", document.trim_matches('\n'));
            for value in parse_all(&document).unwrap() {
                objects += 1;
                assert_eq!(to_string(&value), document);
            }
        }
    }
    assert!(objects > 50, "{objects}");
}

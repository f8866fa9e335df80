//! The tests that are written as scripts.

use meshrun_tests::{Home, root, whole};

#[test]
fn the_suites_pass() {
    let suites = std::fs::read_dir(root().join("tests/suites")).into_iter().flatten().flatten();
    let mut paths: Vec<String> = suites.map(|file| file.path().to_string_lossy().into_owned()).collect();
    paths.sort();
    assert!(paths.len() > 1, "{paths:?}");
    let words: Vec<&str> = std::iter::once("test").chain(paths.iter().map(String::as_str)).collect();
    let output = Home::new().run(&words);
    assert!(output.status.success(), "{}", whole(&output));
}

#[test]
fn a_failing_test_and_none_at_all_end_with_1() {
    let home = Home::new();
    let path = home.path().join("suite.rhai");
    let text = "fn test_good() {}\nfn test_bad() { fail(\"no luck\") }\nfn other() {}\n";
    assert!(std::fs::write(&path, text).is_ok());
    let path = path.to_string_lossy();
    let output = home.run(&["test", &path]);
    let said = whole(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["test_good ... ok", "test_bad ... FAILED", "1 passed, 1 failed", "no luck"] {
        assert!(said.contains(part), "{said}");
    }
    let none = home.run(&["test", &path, "--only", "nothing"]);
    assert_eq!(none.status.code(), Some(1), "{}", whole(&none));
}

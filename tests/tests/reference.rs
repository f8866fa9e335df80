//! The reference in the repository is what the functions declare.

use meshrun_tests::{Home, root};

#[test]
fn the_reference_is_what_the_functions_declare() {
    let output = Home::new().run(&["docs", "--markdown"]);
    let declared = String::from_utf8_lossy(&output.stdout).into_owned();
    let written = std::fs::read_to_string(root().join("docs/reference.md")).unwrap_or_default();
    let differs = declared.lines().zip(written.lines()).find(|(declared, written)| declared != written);
    assert!(
        declared == written,
        "`cargo run -- docs --markdown > docs/reference.md` brings it up to date; first difference: {differs:?}"
    );
}

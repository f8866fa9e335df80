//! Tests written as scripts: every function `test_…` of a file, each against simulated peers of its own.

use std::{fs, path::Path, time::Instant};

use meshrun_host::Failure;
use meshrun_script::Source;

use crate::{
    cli::Options,
    exit::Exit,
    report, scripts,
    start::with_runtime,
    view::{self, time},
};

/// The beginning of a test's name.
const PREFIX: &str = "test_";

/// Run the tests of these files whose names contain the filter, and say how each ended.
pub fn run(options: &Options, paths: &[std::path::PathBuf], filter: Option<&str>) -> Exit {
    let options = Options { sim: true, quiet: true, ..options.clone() };
    let (mut passed, mut failed) = (0, 0);
    for path in paths {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                report::print(&Failure::new("script::unreadable", message), None, options.log);
                return Exit::Usage;
            }
        };
        let tests = match tests(&options, path, &text) {
            Ok(tests) => tests,
            Err(exit) => return exit,
        };
        for test in tests.iter().filter(|test| filter.is_none_or(|part| test.contains(part))) {
            let started = Instant::now();
            let source = Source { name: path.to_string_lossy().into_owned(), text: format!("{text}\n{test}();\n") };
            let exit = with_runtime(&options, &[], |bench| scripts::run(bench, &source, &[], false));
            let (count, word) = if exit == Exit::Done { (&mut passed, "ok") } else { (&mut failed, "FAILED") };
            *count += 1;
            view::print_out(&format!("{}: {test} ... {word} ({})\n", path.display(), time(started.elapsed())));
            if exit == Exit::Interrupted {
                return exit;
            }
        }
    }
    view::print_out(&format!("{passed} passed, {failed} failed (simulated)\n"));
    match (passed, failed) {
        (0, 0) => no_test(filter, options.log),
        (_, 0) => Exit::Done,
        _ => Exit::Failed,
    }
}

/// The names of a file's tests.
fn tests(options: &Options, path: &Path, text: &str) -> Result<Vec<String>, Exit> {
    let source = Source { name: path.to_string_lossy().into_owned(), text: text.to_owned() };
    let mut found = Vec::new();
    let plain = Options { sim: false, ..options.clone() };
    let exit = with_runtime(&plain, &[], |bench| match bench.runtime.module_topics("suite", &source) {
        Ok(topics) => {
            let names = topics
                .iter()
                .filter_map(|topic| topic.name.rsplit("::").next())
                .filter(|name| name.starts_with(PREFIX));
            found = names.map(str::to_owned).collect();
            Exit::Done
        }
        Err(failure) => {
            report::print(&failure, Some(bench.runtime.sources()), bench.options.log);
            Exit::Failed
        }
    });
    if exit == Exit::Done { Ok(found) } else { Err(exit) }
}

/// A run of no test proves nothing.
fn no_test(filter: Option<&str>, log: Option<crate::cli::Log>) -> Exit {
    let of = filter.map(|filter| format!(" whose name contains `{filter}`")).unwrap_or_default();
    let failure = Failure::new("script::no_test", format!("there is no test{of}"))
        .with_help(format!("a test is a function without parameters whose name begins with `{PREFIX}`"));
    report::print(&failure, None, log);
    Exit::Failed
}

//! Timing whole processes in turn, and printing their ratio. No figure is asserted: machines are noisy, ratios within
//! one run are not.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The release binary, built now.
///
/// # Panics
/// When it does not build: there is nothing to measure then.
pub fn binary() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "meshrun"])
        .current_dir(root())
        .status();
    assert!(built.is_ok_and(|status| status.success()), "the release binary does not build");
    root().join("target/release/meshrun")
}

/// The time that a command takes as a whole process, without what it prints; none when it fails, with its name printed.
pub fn time(mut command: Command) -> Option<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    time_aloud(command)
}

/// The same, and what it prints is seen.
pub fn time_aloud(mut command: Command) -> Option<Duration> {
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status();
    let elapsed = started.elapsed();
    match status {
        Ok(status) if status.success() => Some(elapsed),
        other => {
            println!("{command:?} failed: {other:?}");
            None
        }
    }
}

/// The median.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Two commands in turn, so many times each; prints both medians and their ratio.
pub fn compare(rounds: usize, ours: (&str, impl Fn() -> Command), theirs: (&str, impl Fn() -> Command)) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        a.extend(time(ours.1()));
        b.extend(time(theirs.1()));
    }
    let (a, b) = (median(a), median(b));
    print_ratio((ours.0, a), (theirs.0, b));
}

/// Print two times and their ratio.
pub fn print_ratio(ours: (&str, Duration), theirs: (&str, Duration)) {
    let ratio = ours.1.as_secs_f64() / theirs.1.as_secs_f64().max(f64::EPSILON);
    println!("{}: {:.1?}   {}: {:.1?}   ratio {ratio:.3}", ours.0, ours.1, theirs.0, theirs.1);
}

/// A home folder for one run; none when there is no room for it, which is printed.
pub fn home() -> Option<tempfile::TempDir> {
    tempfile::tempdir().inspect_err(|error| println!("no temporary folder: {error}")).ok()
}

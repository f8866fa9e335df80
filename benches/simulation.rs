//! Simulated meshes of more and more clusters: how long a run takes, how much memory it needs at its peak, and what a cluster costs.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const CLUSTERS: [u32; 4] = [2, 10, 25, 50];
/// How often a run is asked for its peak: the kernel keeps it, so only what grows after the last question is missed.
const PAUSE: Duration = Duration::from_millis(20);

/// A run that ended well.
struct Run {
    clusters: u32,
    time: Duration,
    kilobytes: u64,
}

fn main() {
    // Another binary can be measured, to compare two of them.
    let meshrun = std::env::var_os("MESHRUN_BINARY").map_or_else(meshrun_benches::binary, Into::into);
    let runs: Vec<Run> = CLUSTERS.into_iter().filter_map(|clusters| run(&meshrun, clusters)).collect();
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return };
    let more = f64::from(last.clusters.saturating_sub(first.clusters).max(1));
    let memory = last.kilobytes.saturating_sub(first.kilobytes) as f64 / more;
    let time = last.time.saturating_sub(first.time).as_secs_f64() / more;
    println!("a cluster more: {memory:.0} KiB, {time:.2} s");
}

fn run(meshrun: &Path, clusters: u32) -> Option<Run> {
    let home = meshrun_benches::home()?;
    let mut command = Command::new(meshrun);
    command
        .args(["--quiet", "--sim", "scripts/multi-primary.rhai", "--clusters", &clusters.to_string()])
        .current_dir(meshrun_benches::root())
        .env("HOME", home.path())
        .env("KUBECONFIG", home.path().join("kubeconfig"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let ended = command.spawn().and_then(|child| watch(child, &started));
    match ended {
        Ok(Some((time, kilobytes))) => {
            println!("{clusters:>3} clusters: {time:>7.1?}   peak {kilobytes:>7} KiB");
            Some(Run { clusters, time, kilobytes })
        }
        Ok(None) => {
            println!("{clusters} clusters: the run failed");
            None
        }
        Err(error) => {
            println!("{clusters} clusters: {error}");
            None
        }
    }
}

/// Wait for the end of a run. Returns its time and its peak; nothing when it failed.
fn watch(mut child: Child, started: &Instant) -> std::io::Result<Option<(Duration, u64)>> {
    let mut peak = 0;
    loop {
        peak = peak.max(peak_of(child.id()));
        if let Some(status) = child.try_wait()? {
            return Ok(status.success().then(|| (started.elapsed(), peak)));
        }
        sleep(PAUSE);
    }
}

/// The peak of a process so far in kibibytes; nothing once it is over.
fn peak_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

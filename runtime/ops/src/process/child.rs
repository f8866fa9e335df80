//! A program under way.

use std::{
    io::{self, ErrorKind},
    process::{ExitStatus, Stdio},
};

use meshrun_terms::{Secret, Timeout};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, Command},
};

use super::error::Error;

/// So many lines of output are shown in an error.
const LINES: usize = 20;

/// A program that has ended.
#[derive(Debug, Serialize)]
pub struct Finished {
    code: i32,
    stdout: String,
    stderr: String,
    #[serde(skip)]
    how: String,
}

impl Finished {
    /// An error when the code is not 0.
    pub fn check(self, program: &str) -> Result<Self, Error> {
        if self.code == 0 {
            return Ok(self);
        }
        let output = tail(&self.stdout, &self.stderr);
        Err(Error::Failed { program: program.to_owned(), how: self.how, output })
    }
}

/// Start it, feed it, and wait for its end. It is ended when the time is over or nobody waits any more.
pub async fn run(
    program: &str,
    mut command: Command,
    stdin: Option<&Secret>,
    timeout: Timeout,
) -> Result<Finished, Error> {
    let cannot = |source| Error::CannotRun { program: program.to_owned(), source };
    let input = if stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::NotFound { program: program.to_owned() },
        _ => cannot(source),
    })?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (fed, Some(mut stdout), Some(mut stderr)) = pipes else {
        return Err(cannot(ErrorKind::BrokenPipe.into()));
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let work = async {
        let (_, _, (), status) = tokio::try_join!(
            stdout.read_to_end(&mut out),
            stderr.read_to_end(&mut err),
            feed(fed, stdin),
            child.wait()
        )?;
        Ok(status)
    };
    let ended = tokio::time::timeout(timeout.0, work).await;
    let (stdout, stderr) = (text(out), text(err));
    match ended {
        Ok(status) => Ok(finished(status.map_err(cannot)?, stdout, stderr)),
        Err(_) => {
            let output = tail(&stdout, &stderr);
            Err(Error::Timeout { program: program.to_owned(), after: timeout, output })
        }
    }
}

/// Write all of it; a program need not read what it is given.
async fn feed(pipe: Option<ChildStdin>, text: Option<&Secret>) -> io::Result<()> {
    let (Some(mut pipe), Some(text)) = (pipe, text) else { return Ok(()) };
    match pipe.write_all(text.expose().as_bytes()).await {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn finished(status: ExitStatus, stdout: String, stderr: String) -> Finished {
    let how = status.code().map_or_else(|| status.to_string(), |code| format!("code {code}"));
    Finished { code: status.code().unwrap_or_else(|| signal(status)), stdout, stderr, how }
}

/// 128 and the signal's number, as shells have it.
fn signal(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    128 + signal.unwrap_or(0)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()) // programs write what they like
}

/// The end of what it wrote; of standard output when it complained nowhere else.
fn tail(stdout: &str, stderr: &str) -> String {
    let said = if stderr.trim().is_empty() { stdout } else { stderr };
    let lines: Vec<&str> = said.trim().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| format!("\n{line}")).collect()
}

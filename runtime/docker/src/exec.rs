//! Commands in running containers: arguments as a list, bytes in, bytes out, the code.

use std::{collections::BTreeMap, fmt, pin::Pin, time::Duration};

use bollard::{
    container::LogOutput,
    exec::{CreateExecOptions, StartExecResults},
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use meshrun_terms::Timeout;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use crate::{
    Docker, Error,
    classify::Subject,
    containers::checked_name,
    lines::{Splitter, Tail, tail_of},
};

/// How long the engine may take to tell the code after a command's output has ended.
const SETTLE: Timeout = Timeout::seconds(30);

/// A command to run in a container. No shell reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// More environment variables.
    pub env: BTreeMap<String, String>,
    /// The user to run as; the container's when it is left out.
    pub user: Option<String>,
    /// The folder to run in; the container's when it is left out.
    pub workdir: Option<String>,
    /// Run with all privileges.
    pub privileged: bool,
    /// How long the command may take.
    pub timeout: Timeout,
}

impl Exec {
    /// This command, with at most ten minutes.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            user: None,
            workdir: None,
            privileged: false,
            timeout: Timeout::minutes(10),
        }
    }

    /// The same with all privileges.
    #[must_use]
    pub fn privileged(mut self) -> Self {
        self.privileged = true;
        self
    }

    /// The same with this much time.
    #[must_use]
    pub fn timeout(mut self, timeout: Timeout) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with this environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }
}

/// What a command reads from its standard input. At its end the input is closed, so that the command sees the end.
#[derive(Default)]
pub enum Input {
    /// Nothing; the command sees the end at once.
    #[default]
    None,
    /// These bytes.
    Bytes(Bytes),
    /// A stream of chunks, read as fast as the command takes them. An error in it fails the call.
    Stream(Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>),
}

impl Input {
    /// Everything that this reader gives.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::Stream(Box::pin(ReaderStream::with_capacity(reader, 64 * 1024)))
    }
}

impl<T: Into<Bytes>> From<T> for Input {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("Input::None"),
            Self::Bytes(bytes) => write!(formatter, "Input::Bytes({})", bytes.len()),
            Self::Stream(_) => formatter.write_str("Input::Stream"),
        }
    }
}

/// One of a command's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Standard output; also everything that a terminal shows.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a command said and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// The code, 0 for success; 126 and 127 when the program could not be run.
    pub code: i64,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl ExecOutput {
    /// The standard output as text.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The standard error as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The non-empty lines of the standard output, without blanks around them.
    pub fn lines(&self) -> Vec<String> {
        self.stdout().lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

/// Run a command and return what it said and its code, whatever the code is.
///
/// Dropping the call closes the command's input and stops listening; the command itself goes on in the container until it ends.
///
/// # Errors
/// `docker::no_container`, `docker::not_running`; `docker::timeout` with the last lines.
pub async fn run(docker: &Docker, container: &str, exec: &Exec, input: impl Into<Input>) -> Result<ExecOutput, Error> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let collect = |channel: Channel, chunk: &[u8]| match channel {
        Channel::Stdout => stdout.extend_from_slice(chunk),
        Channel::Stderr => stderr.extend_from_slice(chunk),
    };
    let code = stream(docker, container, exec, input, collect).await?;
    Ok(ExecOutput { code, stdout, stderr })
}

/// Run a command that must end with code 0.
///
/// # Errors
/// As [`run`]; `docker::exec_failed` with the command, its code and the last lines of its standard error.
pub async fn check(
    docker: &Docker,
    container: &str,
    exec: &Exec,
    input: impl Into<Input>,
) -> Result<ExecOutput, Error> {
    let output = run(docker, container, exec, input).await?;
    if output.code == 0 {
        return Ok(output);
    }
    let evidence = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    Err(Error::ExecFailed {
        container: container.to_owned(),
        command: shown(&exec.argv),
        code: output.code,
        stderr: tail_of(evidence),
    })
}

/// Run a command and hand its output over line by line while it runs. Returns the code, whatever it is.
///
/// # Errors
/// As [`run`].
pub async fn lines(
    docker: &Docker,
    container: &str,
    exec: &Exec,
    input: impl Into<Input>,
    mut each: impl FnMut(Channel, &str) + Send,
) -> Result<i64, Error> {
    let (mut stdout, mut stderr) = (Splitter::default(), Splitter::default());
    let split = |channel: Channel, chunk: &[u8]| {
        let splitter = if channel == Channel::Stdout { &mut stdout } else { &mut stderr };
        splitter.push(chunk).iter().for_each(|line| each(channel, line));
    };
    let code = stream(docker, container, exec, input, split).await?;
    for (channel, splitter) in [(Channel::Stdout, &mut stdout), (Channel::Stderr, &mut stderr)] {
        if let Some(line) = splitter.finish() {
            each(channel, &line);
        }
    }
    Ok(code)
}

/// Run a command and hand its output over as it comes, in pieces of any size. Returns the code, whatever it is.
///
/// # Errors
/// As [`run`].
pub async fn stream(
    docker: &Docker,
    container: &str,
    exec: &Exec,
    input: impl Into<Input>,
    mut each: impl FnMut(Channel, &[u8]) + Send,
) -> Result<i64, Error> {
    checked_name(container)?;
    let input = input.into();
    let mut said = Said::default();
    let listen = |channel: Channel, chunk: &[u8]| {
        said.push(channel, chunk);
        each(channel, chunk);
    };
    match tokio::time::timeout(exec.timeout.duration(), attached(docker, container, exec, input, listen)).await {
        Ok(code) => code,
        Err(_) => Err(Error::Timeout {
            what: format!("`{}` in container `{container}`", shown(&exec.argv)),
            timeout: exec.timeout,
            last: said.last(),
        }),
    }
}

/// Start the command, feed it, listen to it, and ask for its code.
async fn attached(
    docker: &Docker,
    container: &str,
    exec: &Exec,
    input: Input,
    listen: impl FnMut(Channel, &[u8]),
) -> Result<i64, Error> {
    let failed = |error| Error::about("run a command in", Subject::Container(container), error);
    let options = options(exec, !matches!(input, Input::None));
    let created = docker.patient().create_exec(container, options).await.map_err(failed)?;
    let started = docker.patient().start_exec(&created.id, None).await.map_err(failed)?;
    if let StartExecResults::Attached { output, input: writer } = started {
        talk(container, feed(input, writer), hear(output, listen)).await?;
    }
    code(docker, container, &created.id).await
}

fn options(exec: &Exec, has_input: bool) -> CreateExecOptions<String> {
    CreateExecOptions {
        attach_stdin: Some(has_input),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        env: (!exec.env.is_empty()).then(|| exec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        cmd: Some(exec.argv.clone()),
        privileged: Some(exec.privileged),
        user: exec.user.clone(),
        working_dir: exec.workdir.clone(),
        ..CreateExecOptions::default()
    }
}

/// Feed and listen at the same time until the output ends; a command may end without reading all of its input.
async fn talk(
    container: &str,
    feeding: impl Future<Output = std::io::Result<()>>,
    hearing: impl Future<Output = Result<(), bollard::errors::Error>>,
) -> Result<(), Error> {
    tokio::pin!(feeding, hearing);
    let mut fed = false;
    loop {
        tokio::select! {
            result = &mut feeding, if !fed => {
                fed = true;
                let what = || format!("read what was to be fed to a command in container `{container}`");
                result.map_err(|source| Error::Stream { what: what(), source })?;
            }
            result = &mut hearing => {
                let what = || format!("read the output of a command in container `{container}`");
                return result.map_err(|error| Error::engine(what(), error));
            }
        }
    }
}

/// Write the input and close it. Only a fault of the source is an error: when the command does not want to read on, its code
/// tells why.
async fn feed(input: Input, mut writer: Pin<Box<dyn AsyncWrite + Send>>) -> std::io::Result<()> {
    match input {
        Input::None => return Ok(()),
        Input::Bytes(bytes) => {
            if writer.write_all(&bytes).await.is_err() {
                return Ok(());
            }
        }
        Input::Stream(mut chunks) => {
            while let Some(chunk) = chunks.next().await {
                if writer.write_all(&chunk?).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    // The command has gone away when this fails; its code tells.
    let _ = writer.shutdown().await;
    Ok(())
}

async fn hear(
    mut output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    mut listen: impl FnMut(Channel, &[u8]),
) -> Result<(), bollard::errors::Error> {
    while let Some(piece) = output.next().await {
        let (channel, message) = channel_of(piece?);
        listen(channel, &message);
    }
    Ok(())
}

pub(crate) fn channel_of(piece: LogOutput) -> (Channel, Bytes) {
    match piece {
        LogOutput::StdErr { message } => (Channel::Stderr, message),
        LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
            (Channel::Stdout, message)
        }
    }
}

/// The command's code. The engine may close the output a moment before it knows the code.
async fn code(docker: &Docker, container: &str, id: &str) -> Result<i64, Error> {
    let settled = async {
        let mut pause = Duration::from_millis(5);
        loop {
            let found = docker.api().inspect_exec(id).await;
            let found = found.map_err(|error| {
                Error::about("ask for the code of a command in", Subject::Container(container), error)
            })?;
            if let (Some(false) | None, Some(code)) = (found.running, found.exit_code) {
                return Ok(code);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    };
    tokio::time::timeout(SETTLE.duration(), settled).await.unwrap_or_else(|_| {
        let what = format!("the end of a command in container `{container}`");
        let last = vec!["its output has ended, but the engine says that it is still running".to_owned()];
        Err(Error::Timeout { what, timeout: SETTLE, last })
    })
}

/// The last lines of both outputs, kept for evidence.
#[derive(Default)]
struct Said {
    stdout: (Splitter, Tail),
    stderr: (Splitter, Tail),
}

impl Said {
    fn push(&mut self, channel: Channel, chunk: &[u8]) {
        let (splitter, tail) = if channel == Channel::Stdout { &mut self.stdout } else { &mut self.stderr };
        splitter.push(chunk).iter().for_each(|line| tail.push(line));
    }

    /// What was said last: the errors if there are some, else the output.
    fn last(mut self) -> Vec<String> {
        for (splitter, tail) in [&mut self.stderr, &mut self.stdout] {
            if let Some(line) = splitter.finish() {
                tail.push(&line);
            }
            if !tail.is_empty() {
                return tail.take();
            }
        }
        Vec::new()
    }
}

/// A command for people: at most 120 characters.
fn shown(argv: &[String]) -> String {
    let text = argv.join(" ").replace('\n', " ");
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_the_errors_if_there_are_some() {
        let mut said = Said::default();
        said.push(Channel::Stdout, b"out\n");
        assert_eq!(said.last(), ["out"]);
        let mut said = Said::default();
        said.push(Channel::Stdout, b"out\n");
        said.push(Channel::Stderr, b"err\nhalf");
        assert_eq!(said.last(), ["err", "half"]);
    }

    #[test]
    fn a_long_command_is_shortened() {
        let command = shown(&["echo".to_owned(), "é".repeat(200)]);
        assert_eq!(command.chars().count(), 121);
        assert!(command.ends_with('…'));
    }
}

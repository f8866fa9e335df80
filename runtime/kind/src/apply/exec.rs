//! Commands in nodes.

use bytes::Bytes;
use meshrun_docker::{Docker, Exec, ExecOutput, exec};
use meshrun_terms::Timeout;

use crate::Error;

/// The environment of `kubectl` on a control plane.
pub const ADMIN: &str = "/etc/kubernetes/admin.conf";

/// Run a script of the shell in a node, with arguments `$1`, `$2` and so on and something to read. Returns what it said, whatever its
/// code is. No name or value ever becomes part of a script's text: they are arguments.
///
/// # Errors
/// As [`exec::run`].
pub async fn shell(
    docker: &Docker,
    node: &str,
    script: &str,
    arguments: &[&str],
    input: Option<Bytes>,
    timeout: Timeout,
) -> Result<ExecOutput, Error> {
    let argv = ["sh", "-c", script, "sh"].into_iter().chain(arguments.iter().copied());
    let command = Exec::new(argv).privileged().env("KUBECONFIG", ADMIN).timeout(timeout);
    let input = input.map_or(meshrun_docker::Input::None, meshrun_docker::Input::Bytes);
    Ok(exec::run(docker, node, &command, input).await?)
}

/// As [`shell`], for scripts that must end well. `act` says what it is, in words: `install the pod network`.
///
/// # Errors
/// `kind::node_command` with the last lines; `kind::no_space`.
pub async fn must(
    docker: &Docker,
    node: &str,
    act: &str,
    script: &str,
    arguments: &[&str],
    input: Option<Bytes>,
    timeout: Timeout,
) -> Result<ExecOutput, Error> {
    let output = shell(docker, node, script, arguments, input, timeout).await?;
    if output.code == 0 {
        return Ok(output);
    }
    Err(failed(node, act, last_lines(&output, 12)))
}

/// The error for a command that failed.
pub fn failed(node: &str, act: &str, lines: Vec<String>) -> Error {
    if lines.iter().any(|line| line.contains("no space left on device")) {
        return Error::NoSpace { act: format!("trying to {act} on node `{node}`"), lines };
    }
    Error::NodeCommand { node: node.to_owned(), act: act.to_owned(), lines }
}

/// The last lines that say something, of the errors if there are some.
pub fn last_lines(output: &ExecOutput, most: usize) -> Vec<String> {
    let text = if output.stderr.iter().all(u8::is_ascii_whitespace) { output.stdout() } else { output.stderr() };
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(most)..].iter().map(|line| shortened(line)).collect()
}

/// A line of at most 300 characters.
pub fn shortened(line: &str) -> String {
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

//! Executing a program in a container: arguments as a list, never a shell's line.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::AttachParams, api::AttachedProcess};
use meshrun_terms::Timeout;
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::{
    Client, Error,
    error::Result,
    logs::{default_container, pods_behind},
    object::{kind_of, name_of, namespace_of},
    pods::{is_ready, trouble},
    request::failure,
    server::version,
    wait::Subject,
};

/// The first minor version of Kubernetes 1 that can be told of the end of the input.
const TELLS_END_OF_INPUT: u32 = 30;

/// What to execute, besides the program's arguments.
#[derive(Debug, Clone, Default)]
pub struct ExecOptions {
    /// The container; by default as for logs.
    pub container: Option<String>,
    /// What the program reads. Kubernetes before 1.30 cannot be told that it ends: there, a program that reads to the end
    /// runs into the timeout.
    pub stdin: Option<Vec<u8>>,
}

/// What a program did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// The pod that it ran in.
    pub pod: String,
    /// Its exit code.
    pub code: i32,
    /// What it wrote.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// Execute a program in a pod, or in a ready pod of a workload, service or selection. An exit code other than 0 is no error.
///
/// # Errors
/// When there is no such pod or none is ready, when the program cannot be started, or does not end in time.
pub async fn exec(
    client: &Client,
    subject: &Subject,
    command: &[String],
    options: &ExecOptions,
    timeout: Timeout,
) -> Result<Output> {
    let words = format!("`{}` in {subject}", command.join(" "));
    let slow = || Error::Slow { context: client.context().to_owned(), subject: words.clone(), timeout };
    tokio::time::timeout(timeout.duration(), run(client, subject, command, options)).await.map_err(|_| slow())?
}

async fn run(client: &Client, subject: &Subject, command: &[String], options: &ExecOptions) -> Result<Output> {
    let pod = ready_pod(client, subject).await?;
    let name = name_of(&pod);
    let container = options.container.clone().unwrap_or_else(|| default_container(&pod));
    let parameters = AttachParams::default()
        .container(container)
        .stdin(options.stdin.is_some())
        .stdout(true)
        .stderr(true)
        .tty(false);
    let pods: Api<Pod> = Api::namespaced(client.kube().clone(), namespace_of(&pod).unwrap_or("default"));
    let failed = |source| failure(client, &format!("executing in pod {name}"), source);
    let mut process = pods.exec(name, command, &parameters).await.map_err(failed)?;
    let status = process.take_status();
    let (stdout, stderr) = (process.stdout(), process.stderr());
    let input = feed(client, &mut process, options.stdin.as_deref()).await?;
    let ((stdout, stderr), status) = tokio::join!(async { tokio::join!(read(stdout), read(stderr)) }, async {
        match status {
            Some(status) => status.await,
            None => None,
        }
    });
    drop(input);
    let broken = |message: &str| Error::Exec {
        context: client.context().to_owned(),
        pod: name.to_owned(),
        message: message.to_owned(),
    };
    let status = status.ok_or_else(|| broken("the connection ended before the program did"))?;
    let code = code_of(&serde_json::to_value(&status).unwrap_or_default()).map_err(|message| broken(&message))?;
    Ok(Output { pod: name.to_owned(), code, stdout, stderr })
}

/// Write the input. Where the server can be told, its end is told; elsewhere the input stays open as long as what is
/// returned lives, for closing it would end the connection and lose the output.
async fn feed(
    client: &Client,
    process: &mut AttachedProcess,
    input: Option<&[u8]>,
) -> Result<Option<impl Send + use<>>> {
    let (Some(input), Some(mut stdin)) = (input, process.stdin()) else { return Ok(None) };
    // A program may end without reading all; its exit code then tells, not the broken pipe.
    let _ = stdin.write_all(input).await;
    if version(client).await?.minor() >= TELLS_END_OF_INPUT {
        let _ = stdin.shutdown().await;
    }
    Ok(Some(stdin))
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // A stream that breaks has ended; the status, which is missing then, tells of it.
        let _ = stream.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The exit code in a status, or why there is none.
fn code_of(status: &Value) -> std::result::Result<i32, String> {
    if status["status"] == "Success" {
        return Ok(0);
    }
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    let code = causes.filter(|cause| cause["reason"] == "ExitCode").find_map(|cause| cause["message"].as_str());
    let message = || status["message"].as_str().unwrap_or("the server gives no reason").to_owned();
    code.and_then(|code| code.parse().ok()).ok_or_else(message)
}

/// The pod to work with: the one that is named, or a ready one of several.
pub(crate) async fn ready_pod(client: &Client, subject: &Subject) -> Result<Value> {
    let mut pods = pods_behind(client, subject).await?;
    let named = matches!(subject, Subject::Object(_)) && pods.len() == 1 && is_the_subject(&pods[0], subject);
    if let Some(at) = pods.iter().position(|pod| named || is_ready(pod)) {
        return Ok(pods.swap_remove(at));
    }
    let seen = pods.iter().find_map(|pod| Some(format!("{}: {}", name_of(pod), trouble(pod)?)));
    Err(Error::NoPod { context: client.context().to_owned(), object: subject.to_string(), seen })
}

fn is_the_subject(pod: &Value, subject: &Subject) -> bool {
    matches!(subject, Subject::Object(reference) if kind_of(pod) == "Pod" && reference.name == name_of(pod))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_exit_code_is_in_the_status() {
        assert_eq!(code_of(&json!({ "status": "Success" })), Ok(0));
        let failed = json!({ "status": "Failure", "reason": "NonZeroExitCode", "details": { "causes": [{ "reason": "ExitCode", "message": "3" }] } });
        assert_eq!(code_of(&failed), Ok(3));
        let broken = json!({ "status": "Failure", "reason": "InternalError", "message": "executable file not found" });
        assert_eq!(code_of(&broken), Err("executable file not found".into()));
    }
}

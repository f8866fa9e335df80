//! `process::run`: a program on this machine.

use std::{collections::BTreeMap, path::PathBuf};

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::{Secret, Timeout};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::process::Command;

use super::child::{self, Finished};
use crate::{Cx, Operation};

/// Run a program and wait for its end. Returns a map: `code`, `stdout` and `stderr` as text. The arguments go to the
/// program as they are: there is no shell, so nothing in them is expanded. A code other than 0 is an error, unless
/// `check` is false. What the program changes, and whether it may be repeated, only the program knows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its name, looked for in PATH, or its path.
    program: String,
    /// Its arguments, one string each.
    #[serde(default)]
    arguments: Vec<String>,
    /// What it reads from standard input; by default nothing. Not shown in events.
    #[serde(default)]
    stdin: Option<Secret>,
    /// Environment variables besides those that meshrun was started with.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The folder to run it in; by default the working folder.
    #[serde(default)]
    directory: Option<String>,
    /// How long it may take; then it is ended.
    #[serde(default = "timeout")]
    timeout: Timeout,
    /// Whether a code other than 0 is an error.
    #[serde(default = "check")]
    check: bool,
}

impl Operation for Run {
    type Output = Finished;

    const NAME: &'static str = "process::run";
    const POSITIONAL: &'static [&'static str] = &["program", "arguments"];
    const RETURNS: &'static str = "a map: code, stdout, stderr";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Run];
    const FAILURES: &'static [&'static str] =
        &["process::not_found", "process::cannot_run", "process::failed", "process::timeout"];
    const EXAMPLE: &'static str = r#"let answer = process::run("uname", ["-s"]);
print(text::trimmed(answer.stdout));"#;

    fn subject(&self) -> String {
        self.program.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let environment = &cx.world.environment;
        let has_path = self.program.contains('/');
        let program = if has_path { environment.path(&self.program) } else { PathBuf::from(&self.program) };
        let mut command = Command::new(program);
        command.args(&self.arguments).env_clear().envs(&environment.variables).envs(&self.env);
        command.current_dir(environment.path(self.directory.as_deref().unwrap_or_default()));
        let finished = child::run(&self.program, command, self.stdin.as_ref(), self.timeout).await?;
        if self.check { Ok(finished.check(&self.program)?) } else { Ok(finished) }
    }
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

fn check() -> bool {
    true
}

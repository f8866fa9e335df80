//! `docker::exec`: a command in a container.

use std::collections::BTreeMap;

use meshrun_docker::{Input, exec};
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine_failures;
use crate::{Cx, Operation};

/// Run a command in a running container and return what it said. The arguments are given one by one; no shell reads them. A code
/// other than 0 is a failure with the last lines of the errors, unless `check` is false. A command that is cancelled goes on in the
/// container until it ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    /// The container's name or id.
    container: String,
    /// The program and its arguments.
    argv: Vec<String>,
    /// What the command reads from its standard input; nothing when it is left out.
    #[serde(default)]
    stdin: Option<String>,
    /// More environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The user to run as; the container's when it is left out.
    #[serde(default)]
    user: Option<String>,
    /// The folder to run in; the container's when it is left out.
    #[serde(default)]
    workdir: Option<String>,
    /// Run with all privileges.
    #[serde(default)]
    privileged: bool,
    /// Fail when the command ends with a code other than 0.
    #[serde(default = "yes")]
    check: bool,
    /// How long the command may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn yes() -> bool {
    true
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

/// What a command said and how it ended.
#[derive(Debug, Serialize)]
pub struct Output {
    code: i64,
    stdout: String,
    stderr: String,
}

impl Operation for Exec {
    type Output = Output;

    const NAME: &'static str = "docker::exec";
    const POSITIONAL: &'static [&'static str] = &["container", "argv"];
    const RETURNS: &'static str = "a map: code, stdout, stderr";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![
        "docker::no_container",
        "docker::not_running",
        "docker::exec_failed",
        "docker::timeout",
        "docker::stream",
        "docker::bad_spec"
    ];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "box", command: ["sleep", "3600"] });
let said = docker::exec("box", ["cat"], #{ stdin: "hello" }).stdout;
let code = docker::exec("box", ["false"], #{ check: false }).code;"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let Self { container, argv, stdin, env, user, workdir, privileged, check, timeout } = self;
        let command = meshrun_docker::Exec { argv, env, user, workdir, privileged, timeout };
        let input = stdin.map_or(Input::None, Input::from);
        let said = match check {
            true => exec::check(&docker, &container, &command, input).await?,
            false => exec::run(&docker, &container, &command, input).await?,
        };
        Ok(Output { code: said.code, stdout: said.stdout(), stderr: said.stderr() })
    }
}

//! `docker::wait_log`: a line of a container's log.

use meshrun_docker::logs;
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Wait until a line of a container's log, from its beginning, matches a regular expression. Returns the line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitLog {
    /// The container's name or id.
    container: String,
    /// The regular expression; it may match anywhere in the line.
    pattern: String,
    /// How long to wait.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::minutes(1)
}

impl Operation for WaitLog {
    type Output = String;

    const NAME: &'static str = "docker::wait_log";
    const POSITIONAL: &'static [&'static str] = &["container", "pattern"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures![
        "docker::no_container",
        "docker::container_ended",
        "docker::timeout",
        "docker::bad_spec",
        "docker::bad_pattern"
    ];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "job", command: ["echo", "ready now"] });
docker::wait_log("job", "^ready");"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let pattern = Regex::new(&self.pattern).map_err(|error| {
            Failure::new("docker::bad_pattern", format!("`{}` is no regular expression: {error}", self.pattern))
        })?;
        let docker = cx.world.docker().await?;
        let what = format!("a line that matches `{}` in the log of container `{}`", self.pattern, self.container);
        cx.steps().waiting(what.clone(), "");
        Ok(logs::wait_for(&docker, &self.container, &what, |line| pattern.is_match(line), self.timeout).await?)
    }
}

//! `docker::logs`: what a container has said.

use std::time::SystemTime;

use meshrun_docker::{Part, logs};
use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::engine_failures;
use crate::{Cx, Operation};

/// Return what a container has said until now, both outputs, line by line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// The container's name or id.
    container: String,
    /// Only so many lines from the end.
    #[serde(default)]
    tail: Option<u32>,
    /// Only what was said within this time until now.
    #[serde(default)]
    since: Option<Timeout>,
    /// Put the time before every line, in RFC 3339.
    #[serde(default)]
    timestamps: bool,
}

/// Seconds since 1970, as the engine wants them.
fn seconds(time: SystemTime) -> i32 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i32::try_from(since.as_secs()).unwrap_or(i32::MAX)
}

impl Operation for Logs {
    type Output = Vec<String>;

    const NAME: &'static str = "docker::logs";
    const POSITIONAL: &'static [&'static str] = &["container"];
    const RETURNS: &'static str = "a list of strings, the lines";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Docker];
    const FAILURES: &'static [&'static str] = engine_failures!["docker::no_container", "docker::bad_spec"];
    const EXAMPLE: &'static str = r#"docker::run("busybox:1.36", #{ name: "job", command: ["echo", "hello"] });
docker::wait("job");
let last = docker::logs("job", #{ tail: 10 });"#;

    fn subject(&self) -> String {
        self.container.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let docker = cx.world.docker().await?;
        let since =
            self.since.map(|ago| SystemTime::now().checked_sub(ago.duration()).unwrap_or(SystemTime::UNIX_EPOCH));
        let part = Part { tail: self.tail, since: since.map(seconds), timestamps: self.timestamps };
        let lines = logs::read(&docker, &self.container, &part).await?;
        Ok(lines.into_iter().map(|line| line.text).collect())
    }
}

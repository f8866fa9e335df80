//! `kube::exec`: run a program in a container.

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::{ExecOptions, Output, exec};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{cluster_failures, selection::Selection};
use crate::{Cluster, Cx, Operation};

/// Run a program in a pod, or in a ready pod of a workload, behind a service, or of a selection of pods. The arguments are given one by one; no
/// shell reads them. A code other than 0 is a failure with what the program complained of, unless `check` is false.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    /// The cluster.
    cluster: Cluster,
    /// `pod/web-1`, `deploy/web`, `svc/web`, or `pods` with a selector.
    object: String,
    /// The program and its arguments.
    argv: Vec<String>,
    /// The namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Only objects with these labels: `app=web,tier in (a, b)`.
    #[serde(default)]
    selector: Option<String>,
    /// The container; when it is left out, the one that the pod names as its default, else its first.
    #[serde(default)]
    container: Option<String>,
    /// What the program reads. Kubernetes before 1.30 cannot be told that it ends; a program that reads to the end then does not
    /// end.
    #[serde(default)]
    stdin: Option<String>,
    /// Fail when the program ends with a code other than 0.
    #[serde(default = "yes")]
    check: bool,
    /// How long the program may take.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn yes() -> bool {
    true
}

fn timeout() -> Timeout {
    Timeout::minutes(1)
}

/// The failure of a program that ended with a code other than 0, with the end of what it complained of.
fn failed(argv: &[String], output: &Output) -> Failure {
    let complaint = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let lines: Vec<&str> = complaint.trim_end().lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(10)).map(|line| format!("\n  {line}")).collect::<String>();
    let program = argv.first().map_or("", String::as_str);
    Failure::new("kube::exit_code", format!("`{program}` in pod {} ended with code {}{last}", output.pod, output.code))
        .with_help("with `check: false` its code is returned instead")
}

impl Operation for Exec {
    type Output = Output;

    const NAME: &'static str = "kube::exec";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object", "argv"];
    const RETURNS: &'static str = "a map: pod, code, stdout, stderr";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::foreign_context",
        "kube::no_kind",
        "kube::not_found",
        "kube::bad_reference",
        "kube::invalid",
        "kube::no_pod",
        "kube::exec",
        "kube::exit_code"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
let uname = kube::exec(east, "pods", ["uname", "-a"], #{ namespace: "kube-system", selector: "k8s-app=kube-proxy", check: false });
print(uname.stdout);"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.kube_to_change(&self.cluster).await?;
        let selection = Selection { namespace: self.namespace, selector: self.selector, ..Selection::default() };
        let options = ExecOptions { container: self.container, stdin: self.stdin.map(String::into_bytes) };
        let output = exec(&client, &selection.of(&self.object)?, &self.argv, &options, self.timeout).await?;
        if self.check && output.code != 0 {
            return Err(failed(&self.argv, &output));
        }
        Ok(output)
    }
}

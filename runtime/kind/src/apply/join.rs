//! kubeadm on the nodes: the first control plane is initialised, the others join.

use bytes::Bytes;
use meshrun_docker::{Docker, Error as Engine, archive};

use super::{create::Run, exec, exec::shortened};
use crate::{
    Error,
    config::{Node, Role},
    plan::kubeadm,
};

/// The file that says that kubeadm has ended well on a node.
pub const JOINED: &str = "/kind/meshrun.joined";

/// kubeadm, as soon as the node's services answer. What is said is kept for the error; `$@` are more arguments.
const SCRIPT: &str = r#"
if [ -n "$2" ]; then mkdir -p /etc/kubernetes && tar -x -f - -C /etc/kubernetes || exit 1; fi
until [ -S /run/containerd/containerd.sock ] && systemctl show --property=Version >/dev/null 2>&1; do sleep 0.05; done
act=$1; joined=$3; shift 3
kubeadm "$act" --config=/kind/kubeadm.conf "$@" && touch "$joined"
"#;

/// The files that several control planes share.
const SHARED: &str = "cd /etc/kubernetes && tar -c -f - admin.conf pki/ca.crt pki/ca.key pki/front-proxy-ca.crt \
                      pki/front-proxy-ca.key pki/sa.pub pki/sa.key pki/etcd/ca.crt pki/etcd/ca.key";

/// What is known after the first control plane is initialised.
#[derive(Debug, Clone, Default)]
pub struct Initialized {
    /// The archive of the files that control planes share; empty for a single one. Holds keys: never shown.
    pub secrets: Secrets,
    /// Whether the nodes' subnets are given out by this creation.
    pub plans_subnets: bool,
}

/// Bytes that nobody prints.
#[derive(Clone, Default)]
pub struct Secrets(Bytes);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("<secret>")
    }
}

/// Initialise the first control plane. Returns what the others need.
///
/// # Errors
/// `kind::kubeadm` with the lines that tell why.
pub async fn init(run: &Run<'_>) -> Result<Secrets, Error> {
    let name = run.bootstrap_name();
    run.steps.doing(format!("starting control plane {name}"));
    let node = &run.config.nodes[run.bootstrap];
    kubeadm(run, node, name, "init", None).await?;
    run.steps.changed(format!("started control plane {name}"));
    if !run.config.has_load_balancer() {
        return Ok(Secrets::default());
    }
    let act = "read the files that control planes share";
    let shared = exec::must(run.docker, name, act, SHARED, &[], None, run.deadline.left()).await?;
    Ok(Secrets(shared.stdout.into()))
}

/// Let a node join: workers all at once, control planes one after the other, for each becomes a member of etcd.
///
/// # Errors
/// `kind::kubeadm` with the lines that tell why.
pub async fn join(run: &Run<'_>, index: usize, initialized: &Initialized) -> Result<(), Error> {
    let (node, name) = (&run.config.nodes[index], &run.names[index]);
    if node.role == Role::ControlPlane {
        let _alone = run.joining.lock().await;
        run.steps.doing(format!("joining control plane {name}"));
        kubeadm(run, node, name, "join", Some(initialized.secrets.0.clone())).await?;
    } else {
        run.steps.doing(format!("joining worker {name}"));
        kubeadm(run, node, name, "join", None).await?;
    }
    run.steps.changed(format!("joined node {name}"));
    Ok(())
}

async fn kubeadm(
    run: &Run<'_>,
    node: &Node,
    name: &str,
    act: &'static str,
    secrets: Option<Bytes>,
) -> Result<(), Error> {
    let mut more = kubeadm::skip_arguments(&run.image_of(node)?.version, run.config, act);
    more.extend((act == "init").then(|| "--skip-token-print".to_owned()));
    let unpack = if secrets.is_some() { "unpack" } else { "" };
    let arguments: Vec<&str> = [act, unpack, JOINED].into_iter().chain(more.iter().map(String::as_str)).collect();
    let output = exec::shell(run.docker, name, SCRIPT, &arguments, secrets, run.deadline.left()).await;
    let output = match output {
        Err(Error::Engine(Engine::Timeout { last, .. })) => {
            let mut lines = telling(&last.join("\n"));
            lines.extend(kubelet_words(run.docker, name).await);
            return Err(failed(name, act, lines));
        }
        other => other?,
    };
    if output.code == 0 {
        return Ok(());
    }
    let mut lines = telling(&format!("{}\n{}", output.stdout(), output.stderr()));
    lines.extend(kubelet_words(run.docker, name).await);
    Err(failed(name, act, lines))
}

fn failed(node: &str, act: &'static str, lines: Vec<String>) -> Error {
    let text = lines.join("\n");
    if text.contains("no space left on device") {
        return Error::NoSpace { act: format!("running kubeadm {act} on node `{node}`"), lines };
    }
    let help = if text.contains("strict decoding error") || text.contains("unknown field") {
        "a kubeadm patch sets a field that this version of kubeadm does not know"
    } else if text.contains("too many open files") {
        "raise the host's limits: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"
    } else if text.contains("timed out waiting for the condition") || text.contains("context deadline exceeded") {
        "the machine may be too slow or too full; `retain` keeps the nodes, so that their logs can be exported"
    } else {
        "`retain` keeps the nodes, so that their logs can be exported"
    };
    Error::Kubeadm { node: node.to_owned(), act, lines, help: help.to_owned() }
}

/// Of all that kubeadm says the lines that tell why it failed: the errors, and the last ones.
fn telling(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let stack = lines.iter().position(|line| line.starts_with("goroutine ") || line.starts_with("k8s.io/kubernetes/"));
    let lines = &lines[..stack.unwrap_or(lines.len())];
    let is_error = |line: &&&str| {
        let lower = line.to_lowercase();
        ["error", "failed", "fatal", "timed out", "unable"].iter().any(|word| lower.contains(word))
    };
    let errors: Vec<&&str> = lines.iter().filter(is_error).collect();
    let mut kept: Vec<String> = errors[errors.len().saturating_sub(8)..].iter().map(|line| shortened(line)).collect();
    for line in &lines[lines.len().saturating_sub(4)..] {
        let line = shortened(line);
        if !kept.contains(&line) {
            kept.push(line);
        }
    }
    kept
}

/// The last errors of the kubelet; nothing when the node does not tell.
pub async fn kubelet_words(docker: &Docker, node: &str) -> Vec<String> {
    let script = "journalctl --no-pager --output=cat --unit=kubelet.service --lines=200 | grep '^[EF]' | tail -n 5";
    let told = exec::shell(docker, node, script, &[], None, meshrun_terms::Timeout::seconds(10)).await;
    told.map(|output| output.lines().iter().map(|line| format!("kubelet: {}", shortened(line))).collect())
        .unwrap_or_default()
}

/// Whether the configuration on the first control plane leaves the nodes' subnets to a creation.
///
/// # Errors
/// When the node does not tell.
pub async fn plans_subnets(run: &Run<'_>) -> Result<bool, Error> {
    let text = archive::read_file(run.docker, run.bootstrap_name(), kubeadm::PATH).await?;
    Ok(run.node_subnets.is_some() && String::from_utf8_lossy(&text).contains("allocate-node-cidrs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_kubeadms_words_those_stay_that_tell_why() {
        let text = "[init] Using v1\n[certs] one\nerror execution phase wait-control-plane: couldn't initialize\n[a]\n[b]\n[c]\n\
            To see the stack trace of this error execute with --v=5 or higher\ngoroutine 1 [running]:\nmain.main\n";
        assert_eq!(
            telling(text),
            [
                "error execution phase wait-control-plane: couldn't initialize",
                "To see the stack trace of this error execute with --v=5 or higher",
                "[a]",
                "[b]",
                "[c]",
            ]
        );
    }

    #[test]
    fn keys_are_not_printed() {
        let known = Initialized { secrets: Secrets(Bytes::from_static(b"key")), plans_subnets: true };
        assert_eq!(format!("{known:?}"), "Initialized { secrets: <secret>, plans_subnets: true }");
    }
}

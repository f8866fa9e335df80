//! The programs that containers have. Each is a function of a shell, its arguments, and what it reads and writes.

mod containerd;
mod files;
mod kubeadm;
mod kubectl;
mod options;
mod system;
mod tar;
mod text;

pub(super) use kubeadm::control_plane_files;

use super::{io::Io, shell::Shell};
use crate::docker::exec;

/// The programs of every system that is known here.
const SMALL: [&str; 44] = [
    "basename",
    "bash",
    "cat",
    "chmod",
    "command",
    "cp",
    "date",
    "dirname",
    "echo",
    "env",
    "export",
    "false",
    "grep",
    "head",
    "hostname",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mv",
    "nproc",
    "pgrep",
    "printenv",
    "printf",
    "pwd",
    "rm",
    "sed",
    "set",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "tail",
    "tar",
    "tee",
    "test",
    "touch",
    "true",
    "uname",
    "wc",
    "whoami",
    "sysctl",
    "cut",
];
/// The programs of nodes of kind.
const OF_NODES: [&str; 9] =
    ["containerd", "crictl", "ctr", "ip", "journalctl", "kubeadm", "kubectl", "kubelet", "systemctl"];

/// The names of the programs that every system has.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SMALL.into_iter()
}

/// Whether a program is known.
pub(crate) fn is_known(program: &str) -> bool {
    let name = base(program);
    SMALL.contains(&name) || OF_NODES.contains(&name)
}

fn base(program: &str) -> &str {
    let folders = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];
    folders.iter().find_map(|folder| program.strip_prefix(folder)).unwrap_or(program)
}

/// Run a program. Returns its code.
pub(super) async fn run(shell: &mut Shell, argv: &[String], io: &Io) -> i64 {
    let Some((program, arguments)) = argv.split_first() else { return 0 };
    let name = base(program);
    let is_node = shell.read("/kind/version").is_some();
    if OF_NODES.contains(&name) && !is_node {
        io.err.say(exec::not_found(argv)).await;
        return 127;
    }
    if let Some(code) = builtin(shell, name, arguments, io).await {
        return code;
    }
    match name {
        "cat" | "cp" | "mkdir" | "rm" | "mv" | "ln" | "ls" | "touch" | "chmod" | "test" | "[" => {
            files::run(shell, name, arguments, io).await
        }
        "tar" => tar::run(shell, arguments, io).await,
        "grep" | "head" | "tail" | "wc" | "sort" | "tee" | "cut" | "sed" | "sha256sum" | "basename" | "dirname" => {
            text::run(shell, name, arguments, io).await
        }
        "kubeadm" => kubeadm::run(shell, arguments, io).await,
        "kubectl" => kubectl::run(shell, arguments, io).await,
        "ctr" | "crictl" | "containerd" => containerd::run(shell, name, arguments, io).await,
        _ => system::run(shell, name, arguments, io).await,
    }
}

/// What changes the shell itself, or runs something else.
async fn builtin(shell: &mut Shell, name: &str, arguments: &[String], io: &Io) -> Option<i64> {
    let first = arguments.first().map(String::as_str);
    Some(match name {
        ":" | "true" => 0,
        "false" => 1,
        "exit" | "return" => {
            shell.left = true;
            first.and_then(|code| code.parse().ok()).unwrap_or(shell.last)
        }
        "shift" => {
            let count = first.and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
            if count >= shell.arguments.len() {
                return Some(1);
            }
            shell.arguments.drain(1..=count);
            0
        }
        "cd" => {
            let folder = shell.path(first.unwrap_or("/root"));
            let is_there = shell.with_files(|files| files.is_folder(&folder)).unwrap_or(false);
            if !is_there {
                io.err
                    .say(format!("sh: cd: can't cd to {}: No such file or directory\n", first.unwrap_or_default()))
                    .await;
                return Some(2);
            }
            shell.folder = folder;
            0
        }
        "export" => {
            for pair in arguments.iter().filter_map(|one| one.split_once('=')) {
                shell.env.insert(pair.0.to_owned(), pair.1.to_owned());
            }
            0
        }
        "set" => {
            shell.strict |= arguments.iter().any(|one| one.starts_with('-') && one.contains('e'));
            let strange =
                arguments.iter().find(|one| !matches!(one.as_str(), "-e" | "-u" | "-eu" | "-o" | "pipefail" | "-euo"));
            match strange {
                Some(strange) => unknown(shell, &format!("set {strange}"), io).await,
                None => 0,
            }
        }
        "command" if first == Some("-v") => {
            let name = arguments.get(1).map(String::as_str).unwrap_or_default();
            if !is_known(name) {
                return Some(127);
            }
            io.out.say(format!("/bin/{name}\n")).await;
            0
        }
        "sh" | "bash" => nested(shell, arguments, io).await,
        "env" if !arguments.is_empty() => {
            let pairs = arguments.iter().take_while(|one| one.contains('=')).count();
            let before = shell.env.clone();
            let set = arguments[..pairs].iter().filter_map(|one| one.split_once('='));
            shell.env.extend(set.map(|(key, value)| (key.to_owned(), value.to_owned())));
            let argv = arguments[pairs..].to_vec();
            let code = shell.program(&argv, io).await;
            shell.env = before;
            code
        }
        _ => return None,
    })
}

async fn nested(shell: &mut Shell, arguments: &[String], io: &Io) -> i64 {
    let Some(flags) = arguments.first().filter(|one| one.starts_with('-')) else {
        let (text, rest) = match arguments.split_first() {
            Some((path, rest)) => match shell.read(path) {
                Some(bytes) => (bytes, rest),
                None => {
                    io.err.say(format!("sh: {path}: No such file or directory\n")).await;
                    return 127;
                }
            },
            None => (io.input.all().await, arguments),
        };
        let name = arguments.first().cloned().unwrap_or_else(|| "sh".to_owned());
        let all = std::iter::once(name).chain(rest.iter().cloned()).collect();
        return shell.script(&String::from_utf8_lossy(&text), all, io).await;
    };
    if !matches!(flags.as_str(), "-c" | "-ec" | "-ce" | "-euc" | "-lc") {
        return unknown(shell, &format!("sh {flags}"), io).await;
    }
    let Some(script) = arguments.get(1) else { return 2 };
    let script = if flags.contains('e') { format!("set -e\n{script}") } else { script.clone() };
    let mut names: Vec<String> = arguments[2..].to_vec();
    if names.is_empty() {
        names.push("sh".to_owned());
    }
    shell.script(&script, names, io).await
}

/// Say and record that a command is not known.
pub(super) async fn unknown(shell: &Shell, command: &str, io: &Io) -> i64 {
    let image = {
        let state = shell.world.engine.state();
        state.container(&shell.container).map(|one| one.image_name().to_owned()).unwrap_or_default()
    };
    let command: String = command.chars().take(100).collect();
    let text = shell.world.recorder.unknown(format!("exec in {image}: {command}"));
    io.err.say(format!("{text}\n")).await;
    127
}

/// Say why a program failed.
pub(super) async fn fail(io: &Io, program: &str, reason: impl std::fmt::Display) -> i64 {
    io.err.say(format!("{program}: {reason}\n")).await;
    1
}

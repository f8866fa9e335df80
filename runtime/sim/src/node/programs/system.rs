//! Programs that tell of the system, wait, or ask its services.

use std::time::Duration;

use super::{options::Options, unknown};
use crate::{
    docker::container,
    node::{io::Io, shell::Shell},
};

/// Run one of them.
pub async fn run(shell: &Shell, name: &str, arguments: &[String], io: &Io) -> i64 {
    match name {
        "echo" => {
            let (text, end) = match arguments.split_first() {
                Some((flag, rest)) if flag == "-n" => (rest.join(" "), ""),
                _ => (arguments.join(" "), "\n"),
            };
            io.out.say(format!("{text}{end}")).await;
            0
        }
        "printf" => printf(arguments, io).await,
        "pwd" => {
            io.out.say(format!("{}\n", shell.folder)).await;
            0
        }
        "sleep" => sleep(shell, arguments, io).await,
        "env" | "printenv" => {
            let mut code = 0;
            match arguments.first().filter(|_| name == "printenv") {
                Some(key) => match shell.env.get(key) {
                    Some(value) => io.out.say(format!("{value}\n")).await,
                    None => code = 1,
                },
                None => {
                    for (key, value) in &shell.env {
                        io.out.say(format!("{key}={value}\n")).await;
                    }
                }
            }
            code
        }
        "hostname" => {
            let name = shell.read("/etc/hostname").unwrap_or_default();
            io.out.say(name).await;
            0
        }
        "date" => {
            let text = match arguments.first().map(String::as_str) {
                None => jiff::Timestamp::now().strftime("%a %b %e %H:%M:%S UTC %Y").to_string(),
                Some("+%s") => jiff::Timestamp::now().as_second().to_string(),
                Some(other) => return unknown(shell, &format!("date {other}"), io).await,
            };
            io.out.say(format!("{text}\n")).await;
            0
        }
        "ip" => ip(shell, arguments, io).await,
        "id" if arguments == ["-u"] => said(io, "0").await,
        "id" if arguments.is_empty() => said(io, "uid=0(root) gid=0(root) groups=0(root)").await,
        "whoami" => said(io, "root").await,
        "nproc" => said(io, "4").await,
        "uname" => match arguments.first().map(String::as_str) {
            None | Some("-s") => said(io, "Linux").await,
            Some("-m") => said(io, "x86_64").await,
            Some("-r") => said(io, "simulated").await,
            Some(other) => unknown(shell, &format!("uname {other}"), io).await,
        },
        "kill" => kill(shell, arguments, io).await,
        "pgrep" => pgrep(shell, arguments, io).await,
        "sysctl" => unknown(shell, &format!("sysctl {}", arguments.join(" ")), io).await,
        "systemctl" => systemctl(shell, arguments, io).await,
        "journalctl" => journal(shell, arguments, io).await,
        "kubelet" if arguments == ["--version"] => {
            let version = shell.read("/kind/version").unwrap_or_default();
            said(io, &format!("Kubernetes {}", String::from_utf8_lossy(&version))).await
        }
        _ => unknown(shell, &format!("{name} {}", arguments.join(" ")), io).await,
    }
}

async fn said(io: &Io, text: &str) -> i64 {
    io.out.say(format!("{text}\n")).await;
    0
}

/// Give the node a route to the pods of another cluster; of all that `ip` does, scripts need no more.
async fn ip(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["route", "add" | "replace", subnet, "via", gateway] = words.as_slice() else {
        return unknown(shell, &format!("ip {}", words.join(" ")), io).await;
    };
    let name = shell.world.engine.state().container(&shell.container).ok().and_then(|one| one.cluster.clone()); // it may be gone
    let cluster = name.and_then(|name| shell.world.cluster(&name));
    match (subnet.parse(), gateway.parse::<std::net::IpAddr>(), cluster) {
        (Ok(subnet), Ok(_), Some(cluster)) => {
            cluster.runtime().add_route(subnet);
            0
        }
        (Ok(_), Ok(_), None) => {
            io.err.say("RTNETLINK answers: Network is unreachable\n").await;
            2
        }
        _ => {
            io.err.say(format!("Error: any valid prefix is expected rather than \"{subnet}\".\n")).await;
            1
        }
    }
}

async fn printf(arguments: &[String], io: &Io) -> i64 {
    let Some((format, values)) = arguments.split_first() else { return 1 };
    let format = format.replace("\\n", "\n").replace("\\t", "\t");
    let mut values = values.iter();
    loop {
        let mut rest = format.as_str();
        let mut used = false;
        let mut text = String::new();
        while let Some((front, after)) = rest.split_once('%') {
            text.push_str(front);
            match after.chars().next() {
                Some('s' | 'd') => {
                    used = true;
                    text.push_str(values.next().map(String::as_str).unwrap_or_default());
                }
                Some(other) => text.push(other),
                None => text.push('%'),
            }
            rest = after.get(1..).unwrap_or_default();
        }
        text.push_str(rest);
        io.out.say(text).await;
        if !used || values.len() == 0 {
            return 0;
        }
    }
}

async fn sleep(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let mut all = Duration::ZERO;
    for one in arguments {
        let end = one.len() - usize::from(one.ends_with(['s', 'm', 'h', 'd']));
        let unit = match &one[end..] {
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => 1.0,
        };
        let seconds = one[..end].parse::<f64>().ok().filter(|seconds| (0.0..1e9).contains(seconds));
        match seconds {
            Some(seconds) => all += Duration::from_secs_f64(seconds * unit),
            None if one == "infinity" || one == "inf" => std::future::pending().await,
            None => return unknown(shell, &format!("sleep {one}"), io).await,
        }
    }
    let clock = std::sync::Arc::clone(&shell.world.clock);
    clock.reach(clock.now().saturating_add(all)).await;
    0
}

async fn kill(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    // The load balancer reads its configuration again: it is read at each connection here.
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["-s", "HUP", "1"] | ["-HUP", "1"] | ["-0", "1"] => 0,
        _ => unknown(shell, &format!("kill {}", arguments.join(" ")), io).await,
    }
}

async fn pgrep(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &[]);
    let wanted = options.rest.first().map(String::as_str).unwrap_or_default();
    match wanted {
        "containerd" => said(io, "120").await,
        "kubelet" if is_initialized(shell) => said(io, "340").await,
        _ => 1,
    }
}

/// Whether kubeadm has made this node one of a cluster.
fn is_initialized(shell: &Shell) -> bool {
    let state = shell.world.engine.state();
    state.container(&shell.container).is_ok_and(|one| one.cluster.is_some())
}

async fn systemctl(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &["p"]);
    let words: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let active = |unit: &str| match unit.trim_end_matches(".service") {
        "containerd" => Some(true),
        "kubelet" => Some(is_initialized(shell)),
        _ => None,
    };
    match words.as_slice() {
        ["show"] if options.value(&["property", "p"]) == Some("Version") => said(io, "Version=252.simulated").await,
        ["is-active", unit] => match active(unit) {
            Some(active) => {
                if !options.has(&["quiet", "q"]) {
                    io.out.say(if active { "active\n" } else { "inactive\n" }).await;
                }
                if active { 0 } else { 3 }
            }
            None => unknown(shell, &format!("systemctl is-active {unit}"), io).await,
        },
        ["is-system-running"] => said(io, "running").await,
        // containerd's configuration is read whenever it is asked for, so there is nothing to do but that.
        ["restart" | "reload" | "start", "containerd" | "containerd.service"] | ["daemon-reload"] => 0,
        _ => unknown(shell, &format!("systemctl {}", arguments.join(" ")), io).await,
    }
}

async fn journal(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &["u", "n", "unit", "lines", "output", "o"]);
    let known = ["no-pager", "unit", "u", "lines", "n", "output", "o"];
    if let Some(strange) = options.strange(&known) {
        return unknown(shell, &format!("journalctl --{strange}"), io).await;
    }
    let unit = options.value(&["unit", "u"]).map(|unit| unit.trim_end_matches(".service").to_owned());
    let (name, started) = {
        let state = shell.world.engine.state();
        match state.container(&shell.container) {
            Ok(one) => (container::host_name(one), one.started.unwrap_or(one.created)),
            Err(_) => return 1, // it was removed while this ran
        }
    };
    let cat = options.value(&["output", "o"]) == Some("cat");
    let stamp = started.strftime("%b %d %H:%M:%S").to_string();
    let mut lines = vec![("containerd", 120, "time=\"simulated\" level=info msg=\"containerd successfully booted\"")];
    if is_initialized(shell) {
        lines.push((
            "kubelet",
            340,
            "I0101 00:00:00.000000     340 kubelet.go:1456] \"Starting kubelet main sync loop\" (simulated)",
        ));
    }
    let chosen = lines.iter().filter(|(of, _, _)| unit.as_ref().is_none_or(|unit| unit == of));
    for (of, number, text) in chosen {
        let front = if cat { String::new() } else { format!("{stamp} {name} {of}[{number}]: ") };
        io.out.say(format!("{front}{text}\n")).await;
    }
    0
}

//! The programs that can be executed in containers, and a small shell to string them together.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{curl, environment::Variables};
use crate::{
    World,
    controllers::{
        istiod,
        object::{CONFIG_MAP, SECRET, list, name, namespace, text, uid},
    },
    kube::Cluster,
    mesh::{ask, request::Request},
};

/// Where a program runs.
pub struct Place<'a> {
    /// The world.
    pub world: &'a Arc<World>,
    /// The cluster.
    pub cluster: &'a Arc<Cluster>,
    /// The pod.
    pub pod: &'a Value,
    /// The container, as the pod's spec has it.
    pub container: &'a Value,
}

/// What a program has written, and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What it wrote.
    pub stdout: Vec<u8>,
    /// What it complained of.
    pub stderr: Vec<u8>,
    /// Its exit code.
    pub code: i32,
}

impl Output {
    fn text(text: impl Into<String>) -> Self {
        Self { stdout: text.into().into_bytes(), ..Self::default() }
    }

    /// A program that fails.
    pub fn error(code: i32, text: String) -> Self {
        Self { stderr: text.into_bytes(), code, ..Self::default() }
    }
}

const BASICS: [&str; 15] = [
    "sh", "cat", "echo", "env", "printenv", "hostname", "ls", "sleep", "true", "false", "date", "id", "pwd", "seq",
    "printf",
];

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

/// Whether the image of a container has a program.
pub fn has_program(place: &Place<'_>, program: &str) -> bool {
    let image = text(place.container, "/image");
    let extra: &[&str] = match super::applications::program_of(image) {
        "curl" => &["curl", "nslookup", "wget"],
        "sleep" | "netshoot" => &["curl", "bash", "nslookup"],
        "proxyv2" => &["curl", "bash", "pilot-agent"],
        "pilot" => &["curl", "bash", "pilot-discovery"],
        "nginx" | "httpbin" => &["curl", "bash"],
        "controller"
        | "speaker"
        | "coredns"
        | "kube-proxy"
        | "http-echo"
        | "etcd"
        | "kube-apiserver"
        | "kube-controller-manager"
        | "kube-scheduler" => return false,
        "busybox" | "alpine" => &["wget", "nslookup"],
        _ => &["bash"],
    };
    let program = base(program);
    BASICS.contains(&program) || extra.contains(&program)
}

/// Whether a command reads what the client sends.
pub fn reads_input(argv: &[String]) -> bool {
    match argv {
        [program, rest @ ..] if base(program) == "cat" => rest.iter().all(|one| one == "-"),
        [program] if matches!(base(program), "sh" | "bash") => true,
        _ => false,
    }
}

/// Run a program.
pub fn run(place: &Place<'_>, argv: &[String], input: &[u8]) -> Output {
    let Some((program, arguments)) = argv.split_first() else { return Output::default() };
    let first = arguments.first().map(String::as_str);
    match base(program) {
        "curl" => curl::run(place, arguments),
        "sh" | "bash" if first.is_some_and(|one| one.starts_with('-') && one.ends_with('c')) => {
            script(place, arguments.get(1).map_or("", String::as_str), &mut BTreeMap::new())
        }
        "sh" | "bash" if arguments.is_empty() => script(place, &String::from_utf8_lossy(input), &mut BTreeMap::new()),
        "cat" if arguments.iter().all(|one| one == "-") => Output { stdout: input.to_vec(), ..Output::default() },
        "cat" => cat(place, arguments),
        "echo" => {
            let (words, end) = if first == Some("-n") { (&arguments[1..], "") } else { (arguments, "\n") };
            Output::text(format!("{}{end}", words.join(" ")))
        }
        "printf" => Output::text(arguments.first().map_or_else(String::new, |one| one.replace("\\n", "\n"))),
        "env" | "printenv" => variables(place, first),
        "hostname" => Output::text(format!("{}\n", name(place.pod))),
        "pwd" => Output::text("/\n"),
        "id" => Output::text("uid=0(root) gid=0(root) groups=0(root)\n"),
        "date" => Output::text(jiff::Timestamp::now().strftime("%a %b %e %H:%M:%S UTC %Y\n").to_string()),
        "sleep" | "true" => Output::default(), // time passes by itself here
        "false" => Output::error(1, String::new()),
        "seq" => sequence(arguments),
        "ls" => ls(place, first.filter(|one| !one.starts_with('-'))),
        "nslookup" => lookup(place, first.unwrap_or_default()),
        "wget" => wget(place, arguments),
        "pilot-agent" => agent(place, arguments),
        "pilot-discovery" => discovery(place, arguments),
        other => {
            let text =
                place.world.recorder.unknown(format!("the program {other} in {}", text(place.container, "/image")));
            Output::error(127, format!("{other}: {text}\n"))
        }
    }
}

fn sequence(arguments: &[String]) -> Output {
    let numbers: Vec<i64> = arguments.iter().filter_map(|one| one.parse().ok()).collect();
    let (from, to) = match numbers.as_slice() {
        [to] => (1, *to),
        [from, to] => (*from, *to),
        _ => return Output::error(1, "seq: missing operand\n".to_owned()),
    };
    Output::text((from..=to.min(from + 100_000)).map(|one| format!("{one}\n")).collect::<String>())
}

/// The variables of the container since its start.
fn environment_of(place: &Place<'_>) -> Variables {
    let process = place.cluster.runtime().process(uid(place.pod));
    process.variables.get(text(place.container, "/name")).cloned().unwrap_or_default()
}

fn variables(place: &Place<'_>, wanted: Option<&str>) -> Output {
    let all = environment_of(place);
    match wanted {
        Some(key) => {
            all.get(key).map_or_else(|| Output::error(1, String::new()), |value| Output::text(format!("{value}\n")))
        }
        None => Output::text(all.iter().map(|(key, value)| format!("{key}={value}\n")).collect::<String>()),
    }
}

/// The files that are mounted into the container: their paths and contents.
fn files(place: &Place<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([
        ("/etc/hostname".to_owned(), format!("{}\n", name(place.pod))),
        (
            "/etc/resolv.conf".to_owned(),
            format!(
                "search {}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
                namespace(place.pod)
            ),
        ),
    ]);
    for mount in list(place.container, "/volumeMounts") {
        let volume = list(place.pod, "/spec/volumes").iter().find(|one| one["name"] == mount["name"]);
        for (file, content) in volume.map(|one| content_of(place, one)).unwrap_or_default() {
            all.insert(format!("{}/{file}", text(mount, "/mountPath")), content);
        }
    }
    all
}

fn content_of(place: &Place<'_>, volume: &Value) -> Vec<(String, String)> {
    let of = Some(namespace(place.pod));
    let store = place.cluster.store();
    let mut all = Vec::new();
    let sources = list(volume, "/projected/sources");
    for source in std::iter::once(volume).chain(sources) {
        let secret =
            [text(source, "/secret/secretName"), text(source, "/secret/name")].into_iter().find(|one| !one.is_empty());
        if let Some(found) = secret.and_then(|one| store.get(SECRET, of, one)) {
            let keys = found.get("data").and_then(Value::as_object).into_iter().flatten();
            all.extend(keys.filter_map(|(key, _)| Some((key.clone(), istiod::decode(&found, key)?))));
        }
        if let Some(found) = store.get(CONFIG_MAP, of, text(source, "/configMap/name")) {
            let keys = found.get("data").and_then(Value::as_object).into_iter().flatten();
            all.extend(keys.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
        }
        if !list(source, "/downwardAPI/items").is_empty() && text(source, "/downwardAPI/items/0/path") == "namespace" {
            all.push(("namespace".to_owned(), namespace(place.pod).to_owned()));
        }
        if !text(source, "/serviceAccountToken/path").is_empty() {
            let request = crate::kube::TokenRequest { expiration: Some(3607), ..crate::kube::TokenRequest::default() };
            let token =
                place.cluster.issue_token(namespace(place.pod), text(place.pod, "/spec/serviceAccountName"), &request);
            all.extend(token.ok().map(|token| (text(source, "/serviceAccountToken/path").to_owned(), token)));
        }
    }
    all
}

fn cat(place: &Place<'_>, paths: &[String]) -> Output {
    let files = files(place);
    let mut output = Output::default();
    for path in paths {
        match files.get(path.as_str()) {
            Some(content) => output.stdout.extend(content.as_bytes()),
            None => {
                output.stderr.extend(format!("cat: can't open '{path}': No such file or directory\n").into_bytes());
                output.code = 1;
            }
        }
    }
    output
}

fn ls(place: &Place<'_>, path: Option<&str>) -> Output {
    let path = path.unwrap_or("/").trim_end_matches('/');
    let files = files(place);
    let below = files.keys().filter_map(|file| file.strip_prefix(&format!("{path}/")));
    let mut names: Vec<&str> = below.filter_map(|rest| rest.split('/').next()).collect();
    names.dedup();
    if names.is_empty() && !files.contains_key(path) {
        return Output::error(1, format!("ls: {path}: No such file or directory\n"));
    }
    Output::text(names.iter().map(|one| format!("{one}\n")).collect::<String>())
}

fn lookup(place: &Place<'_>, host: &str) -> Output {
    let server = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n";
    match ask::lookup(place.world, place.cluster, namespace(place.pod), name(place.pod), host) {
        Some(address) => Output::text(format!("{server}Name:\t{host}\nAddress: {address}\n\n")),
        None => Output { code: 1, ..Output::text(format!("{server}** server can't find {host}: NXDOMAIN\n\n")) },
    }
}

fn wget(place: &Place<'_>, arguments: &[String]) -> Output {
    let url = arguments.iter().rfind(|one| !one.starts_with('-')).cloned().unwrap_or_default();
    let mut output = curl::run(place, &["-sS".to_owned(), "-f".to_owned(), url]);
    output.code = i32::from(output.code != 0);
    output
}

/// A request to the program's own pages, as its command line makes it.
fn own_page(place: &Place<'_>, method: &str, path: &str, port: u16) -> Output {
    let path = format!("/{}", path.trim_start_matches('/'));
    let request = Request { method, host: "localhost", port, path: &path, ..Request::probe() };
    match ask::within(place.world, place.cluster.name(), namespace(place.pod), name(place.pod), &request) {
        Some(content) if content.status < 400 => Output { stdout: content.body, ..Output::default() },
        Some(content) => Output::error(
            1,
            format!(
                "Error: received unsuccessful status code {}: {}\n",
                content.status,
                String::from_utf8_lossy(&content.body)
            ),
        ),
        None => Output::error(1, format!("Error: dial tcp 127.0.0.1:{port}: connect: connection refused\n")),
    }
}

fn agent(place: &Place<'_>, arguments: &[String]) -> Output {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["request", method, path] => own_page(place, method, path, 15000),
        ["version", ..] => Output::text(format!("{}\n", version(place))),
        ["wait", ..] => Output::default(),
        other => {
            let text = place.world.recorder.unknown(format!("pilot-agent {}", other.join(" ")));
            Output::error(1, format!("Error: {text}\n"))
        }
    }
}

fn discovery(place: &Place<'_>, arguments: &[String]) -> Output {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["request", method, path] => own_page(place, method, path, 8080),
        ["version", ..] => Output::text(format!("{}\n", version(place))),
        other => {
            let text = place.world.recorder.unknown(format!("pilot-discovery {}", other.join(" ")));
            Output::error(1, format!("Error: {text}\n"))
        }
    }
}

fn version(place: &Place<'_>) -> String {
    let tag = text(place.container, "/image").rsplit_once(':').map_or("unknown", |(_, tag)| tag);
    format!(
        "version.BuildInfo{{Version:\"{tag}\", GitRevision:\"simulated\", GolangVersion:\"\", BuildStatus:\"Clean\", GitTag:\"{tag}\"}}"
    )
}

/// Run a script: commands one after the other, `&&`, `||`, variables, `for`, and output that is thrown away.
fn script(place: &Place<'_>, source: &str, variables: &mut BTreeMap<String, String>) -> Output {
    let mut all = Output::default();
    let mut rest = source.trim();
    while !rest.is_empty() {
        if let Some((name, words, body, after)) = loop_of(rest) {
            for word in expand(place, &words, variables) {
                variables.insert(name.clone(), word);
                append(&mut all, script(place, &body, variables));
            }
            rest = after.trim_start_matches([';', '\n', ' ']);
            continue;
        }
        let (command, operator, after) = next_command(rest);
        let output = command_line(place, command, variables);
        let code = output.code;
        append(&mut all, output);
        variables.insert("?".to_owned(), code.to_string());
        rest = after.trim_start();
        if command.trim().starts_with("exit") {
            break;
        }
        if operator == "&&" && code != 0 || operator == "||" && code == 0 {
            rest = next_command(rest).2.trim_start();
        }
    }
    all
}

fn append(all: &mut Output, output: Output) {
    all.stdout.extend(output.stdout);
    all.stderr.extend(output.stderr);
    all.code = output.code;
}

/// A loop at the beginning of a script: the variable, the words, the body, and what comes after.
fn loop_of(source: &str) -> Option<(String, String, String, &str)> {
    let rest = source.strip_prefix("for ")?;
    let (head, rest) = rest.split_once("do")?;
    let (name, words) = head.split_once(" in ")?;
    let (body, after) = rest.rsplit_once("done")?;
    Some((name.trim().to_owned(), words.trim().trim_end_matches(';').to_owned(), body.trim().to_owned(), after))
}

/// The next command, the operator after it, and the rest.
fn next_command(source: &str) -> (&str, &str, &str) {
    let mut quote = None;
    for (index, letter) in source.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, ';' | '\n') => return (&source[..index], ";", &source[index + 1..]),
            (None, '&' | '|') if source[index..].starts_with("&&") || source[index..].starts_with("||") => {
                return (&source[..index], &source[index..index + 2], &source[index + 2..]);
            }
            _ => {}
        }
    }
    (source, "", "")
}

fn command_line(place: &Place<'_>, command: &str, variables: &mut BTreeMap<String, String>) -> Output {
    let mut words = expand(place, command, variables);
    let (mut drop_output, mut drop_errors, mut join, mut complain) = (false, false, false, false);
    words.retain(|word| match word.as_str() {
        ">/dev/null" | "1>/dev/null" => {
            drop_output = true;
            false
        }
        "2>/dev/null" => {
            drop_errors = true;
            false
        }
        "2>&1" => {
            join = true;
            false
        }
        ">&2" | "1>&2" => {
            complain = true;
            false
        }
        _ => true,
    });
    if let Some((key, value)) =
        words.first().and_then(|one| one.split_once('=')).filter(|(key, _)| words.len() == 1 && is_name(key))
    {
        variables.insert(key.to_owned(), value.to_owned());
        return Output::default();
    }
    let Some(program) = words.first().cloned() else { return Output::default() };
    if program == "exit" {
        return Output { code: words.get(1).and_then(|one| one.parse().ok()).unwrap_or(0), ..Output::default() };
    }
    if words.iter().any(|word| word == "|" || word.starts_with('>') || word.starts_with('<')) {
        let text = place.world.recorder.unknown(format!("the shell's command {command}"));
        return Output::error(2, format!("sh: {text}\n"));
    }
    let mut output = if has_program(place, &program) {
        run(place, &words, &[])
    } else {
        Output::error(127, format!("sh: {program}: not found\n"))
    };
    if complain {
        let said = std::mem::take(&mut output.stdout);
        output.stderr.extend(said);
    }
    if join {
        let errors = std::mem::take(&mut output.stderr);
        output.stdout.extend(errors);
    }
    if drop_output {
        output.stdout.clear();
    }
    if drop_errors {
        output.stderr.clear();
    }
    output
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_')
}

/// The words of a command: quotes taken away, variables and `$(...)` filled in.
fn expand(place: &Place<'_>, command: &str, variables: &BTreeMap<String, String>) -> Vec<String> {
    let environment = environment_of(place);
    let value = |name: &str| variables.get(name).or_else(|| environment.get(name)).cloned().unwrap_or_default();
    let (mut words, mut word, mut quote, mut has_word) = (Vec::new(), String::new(), None, false);
    let mut rest = command.trim();
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some('\''), _) => word.push(letter),
            (None, '\'' | '"') => (quote, has_word) = (Some(letter), true),
            (_, '$') => {
                let (text, after) = dollar(place, rest, &value, variables);
                rest = after;
                if quote.is_some() {
                    word.push_str(&text);
                } else {
                    let mut parts = text.split_whitespace();
                    word.push_str(parts.next().unwrap_or_default());
                    for part in parts {
                        words.push(std::mem::replace(&mut word, part.to_owned()));
                    }
                }
                has_word |= !word.is_empty();
            }
            (None, ' ' | '\t' | '\n') => {
                if has_word || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                has_word = false;
            }
            _ => word.push(letter),
        }
    }
    if has_word || !word.is_empty() {
        words.push(word);
    }
    words
}

fn dollar<'s>(
    place: &Place<'_>,
    rest: &'s str,
    value: &dyn Fn(&str) -> String,
    variables: &BTreeMap<String, String>,
) -> (String, &'s str) {
    if let Some((inner, after)) = rest.strip_prefix('(').and_then(|one| one.split_once(')')) {
        let output = script(place, inner, &mut variables.clone());
        return (String::from_utf8_lossy(&output.stdout).trim_end().to_owned(), after);
    }
    if let Some((name, after)) = rest.strip_prefix('{').and_then(|one| one.split_once('}')) {
        return (value(name), after);
    }
    if let Some(after) = rest.strip_prefix('?') {
        return (value("?"), after);
    }
    let end = rest.find(|one: char| !one.is_ascii_alphanumeric() && one != '_').unwrap_or(rest.len());
    if end == 0 { ("$".to_owned(), rest) } else { (value(&rest[..end]), &rest[end..]) }
}

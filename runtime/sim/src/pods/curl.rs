//! curl in a container: its options, its texts, its exit codes.

use std::fmt::Write;

use super::shell::{Output, Place};
use crate::{
    controllers::object::{name, namespace},
    mesh::{
        ask::{self, Answer},
        request::{Content, Request},
    },
};

/// How long a system tries to connect before it gives up, in milliseconds.
const PATIENCE: u64 = 130_000;

/// What was asked for.
#[derive(Debug, Default, PartialEq)]
struct Options {
    silent: bool,
    show_error: bool,
    fail: bool,
    include: bool,
    head: bool,
    verbose: bool,
    follow: bool,
    method: Option<String>,
    data: Option<String>,
    output: Option<String>,
    write_out: String,
    max_time: Option<f64>,
    connect_timeout: Option<f64>,
    headers: Vec<(String, String)>,
    retry: u32,
    urls: Vec<String>,
}

/// Why the arguments cannot be read.
#[derive(Debug, PartialEq, Eq)]
enum Mistake {
    /// There is no such option here.
    Unknown(String),
    /// An option lacks its value, or it is none.
    Value(String),
}

/// Options without a value that make no difference here.
const WITHOUT_EFFECT: [&str; 12] = [
    "-k",
    "--insecure",
    "-4",
    "--ipv4",
    "-g",
    "--globoff",
    "-N",
    "--no-buffer",
    "--http1.1",
    "--compressed",
    "--no-progress-meter",
    "--no-keepalive",
];

/// Options with a value that make no difference here.
const VALUE_WITHOUT_EFFECT: [&str; 5] = ["--retry-delay", "--retry-max-time", "--cacert", "--noproxy", "-b"];

fn parse(words: &[String]) -> Result<Options, Mistake> {
    let mut options = Options::default();
    let mut words = words.iter().flat_map(|word| split(word)).collect::<Vec<_>>().into_iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            options.urls.push(word);
            continue;
        }
        let mut value = || words.next().ok_or_else(|| Mistake::Value(word.clone()));
        let number = |text: String| text.parse::<f64>().map_err(|_| Mistake::Value(word.clone()));
        match word.as_str() {
            "-s" | "--silent" => options.silent = true,
            "-S" | "--show-error" => options.show_error = true,
            "-f" | "--fail" => options.fail = true,
            "-i" | "--include" => options.include = true,
            "-I" | "--head" => options.head = true,
            "-v" | "--verbose" => options.verbose = true,
            "-L" | "--location" => options.follow = true,
            "-X" | "--request" => options.method = Some(value()?),
            "-d" | "--data" | "--data-raw" => options.data = Some(value()?),
            "-o" | "--output" => options.output = Some(value()?),
            "-w" | "--write-out" => options.write_out = value()?,
            "-m" | "--max-time" => options.max_time = Some(number(value()?)?),
            "--connect-timeout" => options.connect_timeout = Some(number(value()?)?),
            "--retry" => options.retry = value()?.parse().map_err(|_| Mistake::Value(word.clone()))?,
            "--retry-connrefused" | "--retry-all-errors" => {}
            "-A" | "--user-agent" => options.headers.push(("User-Agent".to_owned(), value()?)),
            "--url" => options.urls.push(value()?),
            "-H" | "--header" => {
                let header = value()?;
                let (key, value) = header.split_once(':').unwrap_or((&header, ""));
                options.headers.push((key.trim().to_owned(), value.trim().to_owned()));
            }
            known if WITHOUT_EFFECT.contains(&known) => {}
            known if VALUE_WITHOUT_EFFECT.contains(&known) => drop(value()?),
            other => return Err(Mistake::Unknown(other.to_owned())),
        }
    }
    Ok(options)
}

/// Short options may stand together, the last with its value: `-sSm10`.
fn split(word: &str) -> Vec<String> {
    if word.len() <= 2 || !word.starts_with('-') || word.starts_with("--") {
        return vec![word.to_owned()];
    }
    let mut all = Vec::new();
    let mut rest = &word[1..];
    while let Some(letter) = rest.chars().next() {
        all.push(format!("-{letter}"));
        rest = &rest[letter.len_utf8()..];
        if "Xdowm AHb".contains(letter) && !rest.is_empty() {
            all.push(rest.to_owned());
            break;
        }
    }
    all
}

/// A URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Url {
    scheme: String,
    host: String,
    port: u16,
    path: String,
}

fn url(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (authority, path) = match rest.find(['/', '?']) {
        Some(index) if rest[index..].starts_with('/') => (&rest[..index], rest[index..].to_owned()),
        Some(index) => (&rest[..index], format!("/{}", &rest[index..])),
        None => (rest, "/".to_owned()),
    };
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, if scheme == "https" { 443 } else { 80 }),
    };
    let path = path.split('#').next().unwrap_or_default().to_owned();
    (!host.is_empty()).then(|| Url { scheme: scheme.to_owned(), host: host.to_owned(), port, path })
}

/// Run curl.
pub fn run(place: &Place<'_>, words: &[String]) -> Output {
    let options = match parse(words) {
        Ok(options) => options,
        Err(Mistake::Unknown(option)) => {
            let text = place.world.recorder.unknown(format!("curl's option {option}"));
            return Output::error(2, format!("curl: {text}\n"));
        }
        Err(Mistake::Value(option)) => {
            return Output::error(
                2,
                format!("curl: option {option}: requires parameter\ncurl: try 'curl --help' for more information\n"),
            );
        }
    };
    if options.urls.is_empty() {
        return Output::error(
            2,
            "curl: no URL specified!\ncurl: try 'curl --help' or 'curl --manual' for more information\n".to_owned(),
        );
    }
    let mut all = Output::default();
    for url in &options.urls {
        let one = fetch(place, &options, url);
        all.stdout.extend(one.stdout);
        all.stderr.extend(one.stderr);
        all.code = one.code;
    }
    all
}

/// What became of one transfer.
struct Transfer {
    code: i32,
    error: String,
    content: Option<Content>,
    remote: String,
    milliseconds: u64,
    retries: u32,
}

fn fetch(place: &Place<'_>, options: &Options, text: &str) -> Output {
    let Some(target) = url(text) else {
        return finish(options, text, &failed(3, "URL using bad/illegal format or missing URL".to_owned(), 0));
    };
    match target.scheme.as_str() {
        "http" => {}
        "https" => {
            let what = place.world.recorder.unknown(format!("curl to https://{}", target.host));
            return finish(options, text, &failed(35, what, 0));
        }
        other => return finish(options, text, &failed(1, format!("Protocol \"{other}\" not supported"), 0)),
    }
    let mut transfer = transfer(place, options, &target);
    while transfer.retries < options.retry && is_passing(&transfer) {
        let retries = transfer.retries + 1;
        transfer = self::transfer(place, options, &target);
        transfer.retries = retries;
    }
    finish(options, text, &transfer)
}

/// What curl tries again: time-outs, and answers that say so.
fn is_passing(transfer: &Transfer) -> bool {
    let status = transfer.content.as_ref().map_or(0, |one| one.status);
    matches!(transfer.code, 6 | 28) || matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

fn failed(code: i32, error: String, milliseconds: u64) -> Transfer {
    Transfer { code, error, content: None, remote: String::new(), milliseconds, retries: 0 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a command line fit")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1000.0) as u64
}

fn transfer(place: &Place<'_>, options: &Options, target: &Url) -> Transfer {
    let method = match (&options.method, options.head, &options.data) {
        (Some(method), ..) => method.as_str(),
        (None, true, _) => "HEAD",
        (None, false, Some(_)) => "POST",
        _ => "GET",
    };
    let limit = options.max_time.map(milliseconds).filter(|one| *one > 0);
    let headers = headers(options, target);
    let request = Request {
        method,
        host: &target.host,
        port: target.port,
        path: &target.path,
        headers: &headers,
        body: options.data.as_deref().unwrap_or_default().as_bytes(),
        attempts: None,
        limit,
    };
    let answer = ask::ask(place.world, place.cluster, namespace(place.pod), name(place.pod), &request);
    let (host, port) = (&target.host, target.port);
    match answer {
        Answer::NoHost => failed(6, format!("Could not resolve host: {host}"), 5),
        Answer::Refused => {
            failed(7, format!("Failed to connect to {host} port {port} after 1 ms: Couldn't connect to server"), 1)
        }
        Answer::Reset => failed(56, "Recv failure: Connection reset by peer".to_owned(), 3),
        Answer::Silent { connected } => silent(options, limit, connected, host, port),
        Answer::Content { content, address, milliseconds } => {
            let refused = options.fail && content.status >= 400;
            Transfer {
                code: if refused { 22 } else { 0 },
                error: format!("The requested URL returned error: {}", content.status),
                content: Some(content),
                remote: address.to_string(),
                milliseconds,
                retries: 0,
            }
        }
    }
}

fn silent(options: &Options, limit: Option<u64>, connected: bool, host: &str, port: u16) -> Transfer {
    let connect = options.connect_timeout.map(milliseconds).filter(|one| *one > 0 && !connected);
    match (limit, connect) {
        (Some(limit), None) if connected => {
            failed(28, format!("Operation timed out after {limit} milliseconds with 0 bytes received"), limit)
        }
        (Some(limit), connect) => {
            let after = connect.map_or(limit, |connect| connect.min(limit));
            failed(28, format!("Connection timed out after {after} milliseconds"), after)
        }
        (None, Some(after)) => failed(28, format!("Connection timed out after {after} milliseconds"), after),
        (None, None) => failed(
            28,
            format!("Failed to connect to {host} port {port} after {PATIENCE} ms: Couldn't connect to server"),
            PATIENCE,
        ),
    }
}

fn headers(options: &Options, target: &Url) -> Vec<(String, String)> {
    let mut all = vec![
        (
            "Host".to_owned(),
            if target.port == 80 { target.host.clone() } else { format!("{}:{}", target.host, target.port) },
        ),
        ("User-Agent".to_owned(), "curl/8.5.0".to_owned()),
        ("Accept".to_owned(), "*/*".to_owned()),
    ];
    for (key, value) in &options.headers {
        all.retain(|(known, _)| !known.eq_ignore_ascii_case(key));
        all.push((key.clone(), value.clone()));
    }
    all
}

fn finish(options: &Options, url: &str, transfer: &Transfer) -> Output {
    let mut output = Output { code: transfer.code, ..Output::default() };
    if !options.silent && options.output.is_none() && transfer.code == 0 && !options.verbose {
        output.stderr.extend(b"  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n");
        let size = transfer.content.as_ref().map_or(0, |one| one.body.len());
        output.stderr.extend(
            format!("100 {size:>5}  100 {size:>5}    0     0  {size:>5}      0 --:--:-- --:--:-- --:--:-- {size:>5}\n")
                .into_bytes(),
        );
    }
    if let Some(content) = transfer.content.as_ref().filter(|_| transfer.code == 0) {
        let head = head(content);
        if options.verbose {
            output.stderr.extend(head.lines().map(|line| format!("< {line}\n")).collect::<String>().into_bytes());
        }
        let mut shown = Vec::new();
        if options.include || options.head {
            shown.extend(head.into_bytes());
        }
        if !options.head {
            shown.extend(&content.body);
        }
        // A file in a container is written and forgotten; only /dev/stdout is seen.
        if options.output.as_deref().is_none_or(|one| matches!(one, "-" | "/dev/stdout")) {
            output.stdout.extend(shown);
        }
    }
    if transfer.code != 0 && (!options.silent || options.show_error) {
        output.stderr.extend(format!("curl: ({}) {}\n", transfer.code, transfer.error).into_bytes());
    }
    output.stdout.extend(write_out(&options.write_out, url, transfer).into_bytes());
    output
}

fn head(content: &Content) -> String {
    let reason =
        http::StatusCode::from_u16(content.status).ok().and_then(|one| one.canonical_reason()).unwrap_or_default();
    let mut text = format!("HTTP/1.1 {} {reason}\r\n", content.status);
    for (key, value) in &content.headers {
        // Writing into a text cannot fail.
        let _ = write!(text, "{key}: {value}\r\n");
    }
    let _ = write!(text, "content-length: {}\r\n\r\n", content.body.len());
    text
}

fn write_out(format: &str, url: &str, transfer: &Transfer) -> String {
    let status = transfer.content.as_ref().map_or(0, |one| one.status);
    let size = transfer.content.as_ref().map_or(0, |one| one.body.len());
    #[expect(clippy::cast_precision_loss, reason = "times are small")]
    let seconds = format!("{:.6}", transfer.milliseconds as f64 / 1000.0);
    let mut text = format.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r");
    for (key, value) in [
        ("http_code", format!("{status:03}")),
        ("response_code", format!("{status:03}")),
        ("exitcode", transfer.code.to_string()),
        ("errormsg", if transfer.code == 0 { String::new() } else { transfer.error.clone() }),
        ("num_retries", transfer.retries.to_string()),
        ("remote_ip", transfer.remote.clone()),
        ("size_download", size.to_string()),
        ("time_connect", "0.001000".to_owned()),
        ("time_starttransfer", seconds.clone()),
        ("time_total", seconds),
        ("url", url.to_owned()),
        ("url_effective", url.to_owned()),
    ] {
        text = text.replace(&format!("%{{{key}}}"), &value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn options_stand_together_or_alone() {
        let options = parse(&words("-sSm10 -o /dev/null -w %{http_code} helloworld.sample:5000/hello")).unwrap();
        assert!(options.silent && options.show_error);
        assert_eq!((options.max_time, options.write_out.as_str()), (Some(10.0), "%{http_code}"));
        assert_eq!(options.urls, ["helloworld.sample:5000/hello"]);
        assert_eq!(parse(&words("--nonsense a")), Err(Mistake::Unknown("--nonsense".into())));
        assert_eq!(parse(&words("-m")), Err(Mistake::Value("-m".into())));
    }

    #[test]
    fn urls_have_a_host_a_port_and_a_path() {
        let parts = |text: &str| url(text).map(|one| (one.host, one.port, one.path));
        assert_eq!(parts("helloworld.sample:5000/hello"), Some(("helloworld.sample".into(), 5000, "/hello".into())));
        assert_eq!(parts("http://a"), Some(("a".into(), 80, "/".into())));
        assert_eq!(parts("http://a?b=c"), Some(("a".into(), 80, "/?b=c".into())));
        assert_eq!(parts("http://a:x/"), None);
    }
}

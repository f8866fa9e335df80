//! What a command printed, with placeholders for what differs from run to run, in the form in which it is compared.

use std::{collections::BTreeSet, fmt, process::Output, str::FromStr, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

/// How the output of a command is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Line by line.
    #[default]
    Lines,
    /// Line by line, in alphabetical order.
    Sorted,
    /// JSON or YAML, by the set of its fields' paths.
    Paths,
    /// A description, by the set of its headings.
    Headings,
}

const NAMES: [(Form, &str); 4] =
    [(Form::Lines, "lines"), (Form::Sorted, "sorted"), (Form::Paths, "paths"), (Form::Headings, "headings")];

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(_, name)| *name == text).map(|(form, _)| *form);
        found.ok_or_else(|| format!("no form of output: {text}"))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(form, _)| form == self).map_or("", |(_, name)| name);
        to.write_str(name)
    }
}

impl Form {
    /// The lines of an output that are compared; the last tells the exit code unless it is 0.
    pub fn lines(self, output: &Output) -> Vec<String> {
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = match self {
            Self::Lines => text.lines().map(normal).collect(),
            Self::Sorted => sorted(text.lines().map(normal)),
            Self::Paths => paths(&text).unwrap_or_else(|| text.lines().map(normal).collect()),
            Self::Headings => sorted(text.lines().filter_map(heading)),
        };
        lines.retain(|line| !line.is_empty());
        match output.status.code() {
            Some(0) => {}
            Some(code) => lines.push(format!("[exit {code}]")),
            None => lines.push("[killed]".to_owned()),
        }
        lines
    }
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    lines.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The paths of all fields of a document; nothing when it is none.
fn paths(text: &str) -> Option<Vec<String>> {
    let value: Value = serde_yaml::from_str(text).ok().filter(|value: &Value| !value.is_string())?;
    let mut found = BTreeSet::new();
    collect(&value, "", &mut found);
    Some(found.into_iter().collect())
}

fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, value)| collect(value, &format!("{path}.{}", normal(key)), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|item| collect(item, &format!("{path}[]"), found));
        }
        _ => drop(found.insert(path.to_owned())),
    }
}

/// The heading of a line of a description, with how far it stands in.
fn heading(line: &str) -> Option<String> {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^( *[A-Z][A-Za-z./() -]*?):( |$)").unwrap());
    HEADING.captures(line).map(|found| found[1].to_owned())
}

/// A line with placeholders, and two spaces between columns.
fn normal(line: &str) -> String {
    static PLACEHOLDERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let patterns = [
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000 UTC)?", "TIME"),
            (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
            (r"sha256:[0-9a-f]{64}", "DIGEST"),
            (r"\b[0-9a-f]{64}\b", "ID"),
            (r"\b[0-9a-f]{12}\b", "ID"),
            (r"\b(\d{1,3}\.){3}\d{1,3}\b", "ADDRESS"),
            (r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
            (r"(\b|_)f[cd][0-9a-f]{2}:[0-9a-f:]+", "ADDRESS6"),
            (r"ADDRESS:\d{5}\b", "ADDRESS:PORT"),
            (r":3\d{4}/", ":PORT/"),
            (r"-[0-9a-f]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "-HASH-NAME"),
            (r"-[0-9a-f]{8,10}\b", "-HASH"),
            (r"\b(kindnet|kube-proxy|once|each|hello)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "$1-NAME"),
            (r"\bin \d+(\.\d+)?m?s \(\d+(\.\d+)?m?s including waiting\)", "in DURATION"),
            (r"pod-template-hash=\w+", "pod-template-hash=HASH"),
            (r#"resourceVersion\\":\\"\d+"#, "resourceVersion\\\":\\\"VERSION"),
            (
                r"\d+ (seconds?|minutes?|hours?)( ago)?|About (a|an) (minute|hour)( ago)?|Less than a second( ago)?",
                "A WHILE",
            ),
        ];
        patterns.map(|(pattern, name)| (Regex::new(pattern).unwrap(), name)).into()
    });
    static COLUMN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\t+| {2,}").unwrap());
    static AGE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(<invalid>|(\d+[smhd]){1,2}( \(x\d+ over .*\))?)$").unwrap());
    let start: String = line.chars().take_while(|letter| *letter == ' ').collect();
    let line = PLACEHOLDERS
        .iter()
        .fold(line.to_owned(), |line, (pattern, name)| pattern.replace_all(&line, *name).into_owned());
    let cells = COLUMN.split(line.trim()).map(|cell| if AGE.is_match(cell) { "AGE" } else { cell });
    let joined = cells.collect::<Vec<_>>().join("  ");
    if joined.is_empty() { joined } else { format!("{start}{joined}") }
}

//! A chart's files as templates see them: `.Files`.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use base64::Engine as _;
use regex::Regex;

/// Files by their path in the chart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(Rc<BTreeMap<Arc<str>, Arc<[u8]>>>);

impl Files {
    pub(crate) fn new(files: BTreeMap<Arc<str>, Arc<[u8]>>) -> Self {
        Self(Rc::new(files))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<[u8]>)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of a file; none when there is no such file.
    pub(crate) fn get(&self, name: &str) -> Arc<[u8]> {
        self.0.get(name).cloned().unwrap_or_else(|| Arc::from([]))
    }

    /// The files whose path matches; all of them when the pattern is none.
    pub(crate) fn glob(&self, pattern: &str) -> Self {
        let Some(glob) = translate(pattern).and_then(|regex| Regex::new(&regex).ok()) else {
            return self.clone();
        };
        let matching = self.0.iter().filter(|(name, _)| glob.is_match(name));
        Self::new(matching.map(|(name, bytes)| (name.clone(), bytes.clone())).collect())
    }

    /// The lines of a file.
    ///
    /// # Errors
    /// When the file is there and empty; Go's code runs into an index of -1.
    pub(crate) fn lines(&self, name: &str) -> Result<Vec<Vec<u8>>, String> {
        let Some(bytes) = self.0.get(name) else {
            return Ok(Vec::new());
        };
        if bytes.is_empty() {
            return Err("runtime error: index out of range [-1]".into());
        }
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        Ok(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// The files as the `data` of a ConfigMap.
    pub(crate) fn as_config(&self) -> String {
        self.data(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The files as the `data` of a Secret.
    pub(crate) fn as_secrets(&self) -> String {
        self.data(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    fn data(&self, text: impl Fn(&[u8]) -> String) -> String {
        let base = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let entries: serde_json::Map<_, _> =
            self.0.iter().map(|(name, bytes)| (base(name), text(bytes).into())).collect();
        let yaml = meshrun_yaml::to_string(&serde_json::Value::Object(entries));
        yaml.strip_suffix('\n').unwrap_or(&yaml).to_owned()
    }
}

/// A glob as a regular expression: `*` and `?` stop at a slash, `**` does not, `[a-z]`, `[!x]` and `{a,b}`.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::from("(?s)^");
    let mut characters = pattern.chars().peekable();
    let mut braces = 0;
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => {
                while characters.next_if_eq(&'*').is_some() {}
                out.push_str(".*");
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => out.push_str(&class(&mut characters)?),
            '{' => {
                braces += 1;
                out.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                out.push(')');
            }
            ',' if braces > 0 => out.push('|'),
            '\\' => out.push_str(&regex::escape(&characters.next()?.to_string())),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    out.push('$');
    (braces == 0).then_some(out)
}

fn class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut out = String::from("[");
    if characters.next_if_eq(&'!').is_some() {
        out.push('^');
    }
    let mut members = 0;
    loop {
        match characters.next()? {
            ']' if members > 0 => return Some(out + "]"),
            ']' => return None,
            '-' => out.push('-'),
            '\\' => out.push_str(&regex::escape(&characters.next()?.to_string())),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
        members += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let bytes = |text: &str| Arc::from(text.as_bytes());
        Files::new(
            [
                ("a.txt", "one\ntwo\n"),
                ("conf/x.yaml", "k: v\n"),
                ("conf/sub/y.yaml", "z"),
                ("conf/x.json", "{}"),
                ("empty", ""),
            ]
            .into_iter()
            .map(|(name, text)| (Arc::from(name), bytes(text)))
            .collect(),
        )
    }

    #[test]
    fn globs_stop_at_slashes() {
        let found = |pattern: &str| {
            files().glob(pattern).iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("*"), "a.txt empty");
        assert_eq!(found("conf/*"), "conf/x.json conf/x.yaml");
        assert_eq!(found("conf/**"), "conf/sub/y.yaml conf/x.json conf/x.yaml");
        assert_eq!(found("**.yaml"), "conf/sub/y.yaml conf/x.yaml");
        assert_eq!(found("conf/x.{json,yaml}"), "conf/x.json conf/x.yaml");
        assert_eq!(found("[!a]*"), "empty");
        assert_eq!(found("conf/?.yaml"), "conf/x.yaml");
        assert_eq!(found("[").split(' ').count(), 5);
    }

    #[test]
    fn files_become_data() {
        assert_eq!(files().glob("conf/*").as_config(), "x.json: '{}'\nx.yaml: |\n  k: v");
        assert_eq!(files().glob("a.txt").as_secrets(), "a.txt: b25lCnR3bwo=");
        assert_eq!(files().lines("a.txt").unwrap(), [b"one".to_vec(), b"two".to_vec()]);
        assert!(files().lines("nothing").unwrap().is_empty());
        assert!(files().lines("empty").is_err());
    }
}

//! The path grammar of `--set` and of overlays: `a.b.[key:value].c[0]`, with `\.` for a point inside a name.

use std::fmt;

/// A path, step by step. What a step in brackets means depends on what it meets: in a list `[0]` is an index,
/// `[key:value]` an element with that key, `[text]` a text that matches; in a map it is an ordinary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(pub Vec<String>);

impl Path {
    /// Read a path. Every text is one; slashes are tidied up like those of file names, as `istioctl` does.
    pub fn parse(text: &str) -> Self {
        let clean = clean(text);
        let trimmed = clean.strip_prefix('.').unwrap_or(&clean);
        let trimmed = trimmed.strip_suffix('.').unwrap_or(trimmed);
        let mut steps = Vec::new();
        for part in split_unescaped(trimmed, '.').into_iter().filter(|part| !part.is_empty()) {
            let part = part.replace("\\.", ".");
            match part.find('[') {
                Some(bracket) if bracket > 0 => {
                    steps.push(part[..bracket].to_owned());
                    steps.push(part[bracket..].to_owned());
                }
                _ => steps.push(part),
            }
        }
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("."))
    }
}

/// The number of a step `[N]`; -1 stands for the end of the list.
pub fn index(step: &str) -> Option<i64> {
    let inside = inside_brackets(step)?;
    inside.parse().ok().filter(|index| *index >= -1)
}

/// Key and value of a step `[key:value]`.
pub fn key_value(step: &str) -> Option<(&str, &str)> {
    let parts = split_unescaped(inside_brackets(step)?, ':');
    let [key, value] = parts.as_slice() else { return None };
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (plain && !key.is_empty() && !value.is_empty()).then_some((*key, *value))
}

/// The pattern of a step `[text]` or `[:text]` that selects from a list of texts.
pub fn pattern(step: &str) -> Option<&str> {
    let inside = inside_brackets(step).filter(|inside| !inside.is_empty())?;
    Some(inside.strip_prefix(':').filter(|text| !text.is_empty()).unwrap_or(inside))
}

/// What stands in the brackets of a step that consists of nothing else.
pub fn inside_brackets(step: &str) -> Option<&str> {
    step.strip_prefix('[')?.strip_suffix(']')
}

/// Split at a separator that has no backslash before it.
fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let (mut start, mut before) = (0, '\0');
    for (at, c) in text.char_indices() {
        if c == separator && before != '\\' {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
        before = c;
    }
    parts.push(&text[start..]);
    parts
}

/// A text tidied like a path of files: double slashes, `/./` and `/../` go.
fn clean(text: &str) -> String {
    if text.is_empty() {
        return ".".to_owned();
    }
    let rooted = text.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => drop(parts.pop()),
            None if part == ".." && rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let cases: [(&str, &[&str]); 9] = [
            ("a.b.c", &["a", "b", "c"]),
            ("spec.containers[0].name", &["spec", "containers", "[0]", "name"]),
            ("a.[name:x].b", &["a", "[name:x]", "b"]),
            (r"a.with\.dot.b", &["a", "with.dot", "b"]),
            (r"a.[name:one\.two].b", &["a", "[name:one.two]", "b"]),
            ("a..b.", &["a", "b"]),
            ("a.http://x//y.z", &["a", "http:/x/y", "z"]),
            (r"a.example\.com/name", &["a", "example.com/name"]),
            ("", &[]),
        ];
        for (text, steps) in cases {
            assert_eq!(Path::parse(text).0, steps, "{text}");
        }
    }

    #[test]
    fn steps_are_told_apart() {
        assert_eq!(index("[12]"), Some(12));
        assert_eq!(index("[-1]"), Some(-1));
        assert_eq!(index("[-2]"), None);
        assert_eq!(key_value("[name:x]"), Some(("name", "x")));
        assert_eq!(key_value(r"[name:a\:b]"), Some(("name", r"a\:b")));
        assert_eq!(key_value("[na.me:x]"), None);
        assert_eq!(key_value("[name:]"), None);
        assert_eq!(pattern("[--log]"), Some("--log"));
        assert_eq!(pattern("[:8080]"), Some("8080"));
        assert_eq!(pattern("name"), None);
    }
}

//! Versions and constraints, with the rules of Masterminds' semver, which Helm and Sprig use.

use std::{cmp::Ordering, fmt, sync::LazyLock};

use regex::{Captures, Regex};

/// A version: up to three numbers, a pre-release and metadata, perhaps with a leading `v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    pub(crate) pre: String,
    pub(crate) metadata: String,
    pub(crate) original: String,
}

const TAIL: &str = r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";
const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

fn constraint_version() -> String {
    format!(r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?{TAIL}")
}

static VERSION: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(&format!(r"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?{TAIL}$")));
static ONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(&format!(r"^\s*({OPERATORS})\s*({})\s*$", constraint_version())));
static FIND: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(&format!(r"({OPERATORS})\s*({})", constraint_version())));
static RANGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(&format!(r"\s*({0})\s+-\s+({0})\s*", constraint_version())));
static VALID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let version = constraint_version();
    pattern(&format!(r"^(\s*({OPERATORS})\s*({version})\s*)((?:\s+|,\s*)({OPERATORS})\s*({version})\s*)*$"))
});

impl Version {
    /// Read a version.
    ///
    /// # Errors
    /// In the words of Masterminds' semver.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let invalid = || "Invalid Semantic Version".to_owned();
        let found = VERSION.as_ref().and_then(|regex| regex.captures(text)).ok_or_else(invalid)?;
        let number = |index: usize| match found.get(index).map(|part| part.as_str().trim_start_matches('.')) {
            None | Some("") => Ok(0),
            Some(digits) => digits.parse().map_err(|_| {
                format!("Error parsing version segment: strconv.ParseUint: parsing \"{digits}\": value out of range")
            }),
        };
        let part = |index: usize| found.get(index).map(|part| part.as_str().to_owned()).unwrap_or_default();
        let version = Self {
            major: number(1)?,
            minor: number(2)?,
            patch: number(3)?,
            pre: part(5),
            metadata: part(8),
            original: text.to_owned(),
        };
        let leading_zero =
            |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
        if version.pre.split('.').any(leading_zero) {
            return Err("Version segment starts with 0".into());
        }
        Ok(version)
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_pre(&self.pre, &other.pre))
    }

    fn next(&self, numbers: (u64, u64, u64)) -> Self {
        let (major, minor, patch) = numbers;
        let mut next =
            Self { major, minor, patch, pre: String::new(), metadata: String::new(), original: String::new() };
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{prefix}{next}");
        next
    }

    pub(crate) fn next_major(&self) -> Self {
        self.next((self.major.saturating_add(1), 0, 0))
    }

    pub(crate) fn next_minor(&self) -> Self {
        self.next((self.major, self.minor.saturating_add(1), 0))
    }

    /// The next patch version; of a pre-release the version that it comes before.
    pub(crate) fn next_patch(&self) -> Self {
        let patch = if self.pre.is_empty() { self.patch.saturating_add(1) } else { self.patch };
        self.next((self.major, self.minor, patch))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(out, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn compare_pre(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut one, mut other) = (left.split('.'), right.split('.'));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Alternatives, each a list of conditions that must all hold.
#[derive(Debug)]
pub(crate) struct Constraints(Vec<Vec<Condition>>);

#[derive(Debug)]
struct Condition {
    operator: String,
    version: Version,
    dirty: bool,
    minor_dirty: bool,
    patch_dirty: bool,
}

impl Constraints {
    /// Read constraints: comparisons, `~`, `^`, wildcards, ranges `1.2 - 2.3`, `,` or blanks for and, `||` for or.
    ///
    /// # Errors
    /// In the words of Masterminds' semver.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = rewrite_ranges(text);
        text.split("||").map(parse_all).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the version is one of those meant. A pre-release is, only where a condition names one.
    pub(crate) fn check(&self, version: &Version) -> bool {
        self.0.iter().any(|conditions| conditions.iter().all(|condition| condition.check(version)))
    }
}

/// Whether a version lies in the range; whatever cannot be read does not.
pub(crate) fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Version::parse(version), Constraints::parse(constraint)) {
        (Ok(version), Ok(constraints)) => constraints.check(&version),
        _ => false,
    }
}

fn rewrite_ranges(text: &str) -> String {
    let Some(regex) = RANGE.as_ref() else {
        return text.to_owned();
    };
    let mut out = text.to_owned();
    for found in regex.captures_iter(text) {
        let rewritten = format!(">= {}, <= {} ", &found[1], &found[11]);
        out = out.replacen(&found[0], &rewritten, 1);
    }
    out
}

fn parse_all(text: &str) -> Result<Vec<Condition>, String> {
    if !VALID.as_ref().is_some_and(|regex| regex.is_match(text)) {
        return Err(format!("improper constraint: {text}"));
    }
    let parts: Vec<&str> = FIND.iter().flat_map(|regex| regex.find_iter(text)).map(|part| part.as_str()).collect();
    let parts = if parts.is_empty() { vec![text] } else { parts };
    parts.into_iter().map(parse_one).collect()
}

fn parse_one(text: &str) -> Result<Condition, String> {
    let found = ONE.as_ref().and_then(|regex| regex.captures(text));
    let found = found.ok_or_else(|| format!("improper constraint: {text}"))?;
    let (version, dirt) = clean(&found);
    let version = Version::parse(&version).map_err(|_| "constraint Parser Error".to_owned())?;
    Ok(Condition {
        operator: found[1].to_owned(),
        version,
        dirty: dirt != Dirt::None,
        minor_dirty: dirt == Dirt::Minor,
        patch_dirty: dirt == Dirt::Patch,
    })
}

#[derive(PartialEq, Eq)]
enum Dirt {
    None,
    All,
    Minor,
    Patch,
}

/// The version that a condition with wildcards starts from, and which part the first wildcard was.
fn clean(found: &Captures<'_>) -> (String, Dirt) {
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let is_wild = |text: &str| matches!(text.trim_start_matches('.'), "" | "x" | "X" | "*");
    let (major, minor, patch, pre) = (part(3), part(4), part(5), part(6));
    if is_wild(major) {
        return (format!("0.0.0{pre}"), Dirt::All);
    }
    if is_wild(minor) {
        return (format!("{major}.0.0{pre}"), Dirt::Minor);
    }
    if is_wild(patch) {
        return (format!("{major}{minor}.0{pre}"), Dirt::Patch);
    }
    (part(2).to_owned(), Dirt::None)
}

impl Condition {
    fn check(&self, version: &Version) -> bool {
        let wanted = &self.version;
        let unasked_pre = !version.pre.is_empty() && wanted.pre.is_empty();
        if unasked_pre && (self.operator != "!=" || self.dirty) {
            return false;
        }
        let order = version.compare(wanted);
        match self.operator.as_str() {
            "!=" => self.not_equal(version),
            ">" if !self.dirty => order.is_gt(),
            ">" => self.greater(version),
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" if !self.dirty => order.is_le(),
            "<=" | "=<" => {
                version.major < wanted.major
                    || version.major == wanted.major && (version.minor <= wanted.minor || self.minor_dirty)
            }
            "^" => order.is_ge() && self.caret(version),
            "~" | "~>" => self.tilde(version),
            _ if self.dirty => self.tilde(version),
            _ => order.is_eq(),
        }
    }

    fn not_equal(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if !self.dirty {
            return version.compare(wanted).is_ne();
        }
        if wanted.major != version.major {
            return true;
        }
        if self.minor_dirty {
            return false;
        }
        if wanted.minor != version.minor {
            return true;
        }
        if !self.patch_dirty {
            return wanted.patch != version.patch || version.compare(wanted).is_ne();
        }
        compare_pre(&version.pre, &wanted.pre).is_ne()
    }

    fn greater(&self, version: &Version) -> bool {
        let wanted = &self.version;
        match version.major.cmp(&wanted.major) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal if self.minor_dirty => false,
            Ordering::Equal if self.patch_dirty => version.minor > wanted.minor,
            Ordering::Equal => version.compare(wanted).is_gt(),
        }
    }

    fn tilde(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted).is_lt() {
            return false;
        }
        let any = (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0) && !self.minor_dirty && !self.patch_dirty;
        any || version.major == wanted.major && (version.minor == wanted.minor || self.minor_dirty)
    }

    fn caret(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if wanted.major > 0 || self.minor_dirty {
            return version.major == wanted.major;
        }
        if version.major > 0 {
            return false;
        }
        if wanted.minor > 0 || self.patch_dirty {
            return version.minor == wanted.minor;
        }
        version.minor == 0 && version.patch == wanted.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_decide_as_masterminds() {
        let cases = include_str!("../tests/data/semver.txt");
        let mut count = 0;
        for line in cases.lines().filter(|line| !line.is_empty()) {
            let (constraint, rest) = line.split_once('\t').unwrap();
            let (version, wanted) = rest.split_once('\t').unwrap();
            let found = match (Constraints::parse(constraint), Version::parse(version)) {
                (Ok(constraints), Ok(version)) => constraints.check(&version).to_string(),
                (Err(message), _) | (_, Err(message)) => message,
            };
            assert_eq!(found, wanted, "{constraint} {version}");
            count += 1;
        }
        assert!(count > 500);
    }

    #[test]
    fn versions_are_read_and_ordered() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
        ];
        for pair in order.windows(2) {
            let [left, right] = pair else { panic!("pairs") };
            assert!(Version::parse(left).unwrap().compare(&Version::parse(right).unwrap()).is_lt(), "{left} {right}");
        }
        let version = Version::parse("v1.2.3-rc.1+build").unwrap();
        assert_eq!(version.to_string(), "1.2.3-rc.1+build");
        assert_eq!(version.next_patch().original, "v1.2.3");
        assert_eq!(Version::parse("1.2.3-01").unwrap_err(), "Version segment starts with 0");
        assert_eq!(Version::parse("x").unwrap_err(), "Invalid Semantic Version");
    }
}

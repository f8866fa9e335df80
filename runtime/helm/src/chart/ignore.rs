//! `.helmignore`: which files of a folder do not belong to the chart.

use super::matching::{self, matches};
use crate::Error;

/// Patterns, in order; the first that decides counts.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    pattern: String,
    negated: bool,
    folders_only: bool,
    scope: Scope,
}

/// What a pattern is compared with.
enum Scope {
    /// The path from the chart's root.
    Path,
    /// The last part of the path.
    Name,
}

impl Rules {
    /// Read the rules; files in templates/ that begin with a dot are always ignored.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        text.lines()
            .chain(["templates/.?*"])
            .filter_map(|line| rule(line.trim()).transpose())
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the file or folder is left out. A negated rule leaves out whatever it does not match.
    pub(super) fn ignores(&self, path: &str, is_folder: bool) -> bool {
        for rule in &self.0 {
            let hit = match rule.scope {
                Scope::Path => matches(&rule.pattern, path),
                Scope::Name => matches(&rule.pattern, path.rsplit('/').next().unwrap_or(path)),
            };
            match (rule.negated, rule.folders_only && !is_folder) {
                (true, true) => return true,
                (true, false) if !hit => return true,
                (false, false) if hit => return true,
                _ => {}
            }
        }
        false
    }
}

fn rule(line: &str) -> Result<Option<Rule>, Error> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let refuse = |reason| Err(Error::Ignore { pattern: line.to_owned(), reason });
    if line.contains("**") {
        return refuse("double-star (**) syntax is not supported");
    }
    if !matching::is_valid(line) {
        return refuse("syntax error in pattern");
    }
    let (negated, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
    let (folders_only, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
    let (scope, pattern) = match rest.strip_prefix('/') {
        Some(rest) => (Scope::Path, rest),
        None if rest.contains('/') => (Scope::Path, rest),
        None => (Scope::Name, rest),
    };
    Ok(Some(Rule { pattern: pattern.to_owned(), negated, folders_only, scope }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_leave_out_what_helm_leaves_out() {
        let rules = Rules::parse("# comment\n*.bak\n/only-root.txt\nci/\ndocs/*.md\n").unwrap();
        for (path, folder, ignored) in [
            ("a.bak", false, true),
            ("x/a.bak", false, true),
            ("only-root.txt", false, true),
            ("x/only-root.txt", false, false),
            ("ci", true, true),
            ("ci", false, false),
            ("docs/a.md", false, true),
            ("x/docs/a.md", false, false),
            ("templates/.hidden", false, true),
            ("templates/a.yaml", false, false),
        ] {
            assert_eq!(rules.ignores(path, folder), ignored, "{path}");
        }
        assert!(Rules::parse("!keep.txt\n").unwrap().ignores("other.txt", false));
        assert!(!Rules::parse("!keep.txt\n").unwrap().ignores("keep.txt", false));
        assert!(Rules::parse("a/**/b").is_err());
        assert!(Rules::parse("[a").is_err());
    }
}
